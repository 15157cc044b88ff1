import type { JobContract } from "@robin/jobs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { JobHandler } from "./handler.ts";

/** Contracts and handlers do not fit. A defect of this program, found before the first job. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
}

function isHandler(value: unknown): value is JobHandler {
  return typeof value === "object" && value !== null && "contract" in value && "run" in value;
}

/** The handlers that the files of a folder export; a new job needs no line anywhere else. */
export async function loadHandlers(folder = path.join(import.meta.dirname, "handlers")): Promise<JobHandler[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".ts") && !file.endsWith("test.ts")).sort();
  const modules = await Promise.all(
    files.map((file) => import(pathToFileURL(path.join(folder, file)).href) as Promise<Record<string, unknown>>),
  );
  return modules.flatMap((module) => Object.values(module).filter(isHandler));
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

/**
 * Gives each contract its handler.
 * @throws RegistryError naming every contract without a handler, and every name or handler that is there twice.
 */
export function createRegistry(contracts: readonly JobContract[], handlers: readonly JobHandler[]): JobHandler[] {
  const names = contracts.map(({ name }) => name);
  const handled = handlers.map(({ contract }) => contract.name);
  const problems = [
    ...repeated(names).map((name) => `${name} has two contracts`),
    ...repeated(handled).map((name) => `${name} has two handlers`),
    ...names.filter((name) => !handled.includes(name)).map((name) => `${name} has no handler`),
    ...handlers
      .filter(({ contract }) => !contracts.includes(contract))
      .map(({ contract }) => `${contract.name} has a handler but no contract`),
  ];
  if (problems.length > 0) throw new RegistryError(`The worker's jobs do not fit together: ${problems.join(", ")}.`);
  return [...handlers];
}
