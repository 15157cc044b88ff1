import { ConfigFileError, type ConfigObject, mergeJson5, mergePatch } from "@robin/config-files";
import { isRobinError } from "@robin/sdk";
import { changeOptions, type SignedInContext } from "../../context.ts";
import { AppError, type InputIssue } from "../../errors.ts";
import { unmaskSecrets } from "../../secrets.ts";
import { toAppError } from "../../translate-error.ts";
import { withAudit } from "../audit/audit.service.ts";
import { findSection, isObject } from "./config-sections.ts";
import {
  askRobin,
  findObstacles,
  fromFileError,
  readState,
  type RobinView,
  type SectionState,
} from "./config-state.ts";
import { changedPaths, unstorable } from "./config-values.ts";
import type { ConfigDocument, UpdateConfigInput } from "./config.schemas.ts";
import { describe } from "./config.service.ts";
import { patchOwnDocument } from "./documents.ts";
import { sectionSchema } from "./section-schemas.ts";
import { type Patches, renamedKeys, toPatches } from "./ui-documents.ts";

/** More would make the audit row unreadable. */
const auditedPathsMax = 50;

/**
 * Writes Robin's file, our own document or both, has Robin read its files again and answers with what is there then.
 * Without Robin nothing is written, because only Robin tells whether a change could have an effect.
 * @throws AppError `not_found`; `invalid_input`; `precondition_failed` when `_meta.version` is an older one; `conflict`
 * when the change could have no effect; `not_implemented` without a folder to write to.
 */
export async function updateConfig(ctx: SignedInContext, input: UpdateConfigInput): Promise<ConfigDocument> {
  const isOwn = findSection(input.section)?.keptByGateway === true;
  const view = isOwn ? undefined : await askRobin(ctx, changeOptions(ctx));
  const before = await readState(ctx, input.section, view);
  const { _meta: meta, ...document } = input.document;
  const ifVersion = isObject(meta) && typeof meta.version === "string" ? meta.version : undefined;
  if (ifVersion !== undefined && ifVersion !== before.version) throw changedMeanwhile();
  const sent = understand(before, document);
  const patches = toPatches(before, sent);
  const needsRobin = !isOwn && (ctx.deps.configFolder !== undefined || Object.keys(patches.robin).length > 0);

  const { name } = before.section;
  const paths = changedPaths(before.document, mergePatch(before.document, sent) as ConfigObject);
  const targets = [name, ...paths.slice(0, auditedPathsMax).map((path) => `${name}.${path}`.slice(0, 200))];
  await withAudit(ctx, { action: "config.update", targets }, async () => {
    if (needsRobin) await ensureEffective(ctx, before, view);
    await write(ctx, before, patches, ifVersion !== undefined);
  });
  // Outside of the audit row, which is about the change: that has been made, whatever becomes of the reload.
  const viewAfter = needsRobin ? await reload(ctx, before) : view;
  const after = await readState(ctx, input.section, viewAfter);
  return describe(ctx, after, viewAfter, changedPaths({}, patches.robin));
}

/** The document that was sent, with its secrets filled in. @throws AppError `invalid_input` naming every wrong field. */
function understand({ section, document }: SectionState, sent: ConfigObject): ConfigObject {
  const unkept = unstorable(sent);
  if (unkept.length > 0) throw invalid(unkept);
  const { value, unknown } = unmaskSecrets(sent, document);
  const parsed = sectionSchema(section.name).safeParse(value);
  const issues: InputIssue[] = [
    ...unknown.map((path) => ({ path, message: "is masked, and it is not clear which secret it stands for" })),
    ...[...renamedKeys(section.name)]
      .filter(([key]) => Object.hasOwn(sent, key))
      .map(([key, name]) => ({ path: key, message: `is called ${name} here` })),
    ...(parsed.error?.issues ?? []).map(({ path, message }) => ({ path: path.map(String).join("."), message })),
  ];
  if (issues.length > 0) throw invalid(issues);
  return value as ConfigObject;
}

const invalid = (issues: readonly InputIssue[]) => new AppError("invalid_input", "The input is not valid.", { issues });

const changedMeanwhile = () =>
  new AppError("precondition_failed", "It has been changed meanwhile. Read it again, then make your change.");

async function ensureEffective(
  ctx: SignedInContext,
  { section }: SectionState,
  view: RobinView | undefined,
): Promise<void> {
  const obstacles = await findObstacles(ctx, section, view);
  const [first] = obstacles;
  if (first) throw new AppError(first.code, obstacles.map(({ message }) => message).join(" "));
}

async function write(
  ctx: SignedInContext,
  { section, file: before }: SectionState,
  patches: Patches,
  isConditional: boolean,
): Promise<void> {
  const { configFolder, db, clock, logger } = ctx.deps;
  if (Object.keys(patches.robin).length > 0 && configFolder && section.file !== undefined) {
    const edit = (current: { text: string } | undefined) => mergeJson5(current?.text ?? "", patches.robin);
    const condition = isConditional ? { ifVersion: before?.version } : {};
    await configFolder.update(section.file, edit, condition).catch((error: unknown) => {
      if (!(error instanceof ConfigFileError)) throw error;
      // What the operator of the machine has to mend, and nobody else can.
      if (error.kind === "full" || error.kind === "failed") {
        logger.error({ err: error, requestId: ctx.requestId, section: section.name }, "configuration file not written");
      }
      throw fromFileError(error);
    });
  }
  if (Object.keys(patches.own).length > 0) {
    const { username } = ctx.principal;
    await patchOwnDocument(db, section.name, { patch: patches.own, updatedBy: username, now: clock.now() });
  }
}

/**
 * A file that Robin could not be told of stays as it was written: it is right, and Robin reads it with its next reload
 * or start, while taking it back could fail as well.
 */
async function reload(ctx: SignedInContext, { section }: SectionState): Promise<RobinView> {
  try {
    await ctx.deps.robin.config.reload(changeOptions(ctx));
    return await askRobin(ctx, changeOptions(ctx));
  } catch (error) {
    if (!isRobinError(error) && !(error instanceof AppError)) throw error;
    const { code, retryAfterSeconds } = toAppError(error);
    const message = `The change of ${section.name} is saved, but Robin could not be asked to read it. It will with its next reload or start.`;
    throw new AppError(code, message, { cause: error, retryAfterSeconds });
  }
}
