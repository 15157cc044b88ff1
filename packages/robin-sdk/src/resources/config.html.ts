import { Parser } from "htmlparser2";
import { z } from "zod";
import { InvalidResponseError } from "../errors.ts";
import { parseJson } from "../parsing.ts";
import { ConfigSection } from "./config.schemas.ts";

/**
 * Reads Robin's configuration viewer (`GET /config`): each heading names the block of JSON that follows it.
 * Throws InvalidResponseError or a ZodError when it is another page, or has another shape.
 */
export function parseConfigPage(html: string): ConfigSection[] {
  const { heading, blocks } = scan(html);
  if (heading !== "Configuration Viewer")
    throw new InvalidResponseError("Robin's answer is not its configuration page");
  const sections = z.array(ConfigSection).parse(
    blocks.map(({ title, json }) => {
      const shortTitle = title.replace(/ Configuration$/, "");
      return { name: shortTitle.toLowerCase(), title: shortTitle, values: parseJson(json) };
    }),
  );
  const names = new Set(sections.map(({ name }) => name));
  if (!names.has("properties") || !names.has("server")) {
    throw new InvalidResponseError("Robin's configuration page lacks its properties or its server section");
  }
  return sections;
}

interface Block {
  title: string;
  json: string;
}

/** The parser undoes the HTML escapes; the JSON ones inside are left to JSON.parse. */
function scan(html: string): { heading: string; blocks: Block[] } {
  let heading = "";
  let title = "";
  const blocks: Block[] = [];
  let text: { element: string; value: string } | undefined;
  const parser = new Parser({
    onopentag(name) {
      if (name === "h1" || name === "h2" || name === "pre") text = { element: name, value: "" };
    },
    ontext(data) {
      if (text) text.value += data;
    },
    onclosetag(name) {
      if (text?.element !== name) return;
      if (name === "h1") heading ||= text.value.trim();
      else if (name === "h2") title = text.value.trim();
      else {
        blocks.push({ title, json: text.value });
        title = "";
      }
      text = undefined;
    },
  });
  parser.end(html);
  return { heading, blocks };
}
