import type { JobContract } from "@robin/jobs";
import { importHandlers } from "./handler-modules.ts";
import type { JobHandler } from "./handler.ts";

/** Contracts and handlers do not fit. A defect of this program, found before the first job. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
}

function isHandler(value: unknown): value is JobHandler {
  return typeof value === "object" && value !== null && "contract" in value && "run" in value;
}

/** The handlers that the files of a folder export. */
export async function loadHandlers(folder?: string): Promise<JobHandler[]> {
  const modules = await importHandlers(folder);
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
