import { describe, expect, it } from "vitest";
import { Permission, permissionsOf, Role } from "./permissions.ts";

const view = [
  "VIEW_DASHBOARD",
  "VIEW_QUEUE",
  "VIEW_STORAGE",
  "VIEW_SECURITY",
  "VIEW_ROUTING",
  "VIEW_METRICS",
  "VIEW_LOGS",
  "VIEW_SETTINGS",
  "VIEW_DOMAINS",
];
const sorted = (permissions: readonly string[]) => [...permissions].sort();

describe("permissionsOf", () => {
  it.each([
    [
      "ROLE_ADMIN",
      [
        ...view,
        "MANAGE_QUEUE",
        "DELETE_QUEUE_ITEMS",
        "MANAGE_STORAGE",
        "MANAGE_SECURITY",
        "MANAGE_ROUTING",
        "MANAGE_SERVER_CONFIG",
        "MANAGE_USERS",
        "MANAGE_DOMAINS",
      ],
    ],
    ["ROLE_OPERATOR", [...view, "MANAGE_QUEUE", "DELETE_QUEUE_ITEMS", "MANAGE_STORAGE", "MANAGE_SECURITY"]],
    ["ROLE_READONLY", view],
    ["ROLE_USER", ["VIEW_DASHBOARD", "VIEW_QUEUE", "VIEW_METRICS", "VIEW_LOGS"]],
  ] as const)("gives %s what the design promises, and no more", (role, permissions) => {
    expect(sorted(permissionsOf([role]))).toEqual(sorted(permissions));
  });

  it("knows the UI's 17 names and no others", () => {
    expect(Permission.options).toHaveLength(17);
    expect(new Set(Permission.options).size).toBe(17);
    expect(permissionsOf(Role.options)).toEqual(Permission.options);
  });

  it("joins roles without repeats, in the order of the enum, whatever the order of the roles", () => {
    const joined = permissionsOf(["ROLE_USER", "ROLE_READONLY", "ROLE_USER"]);
    expect(joined).toEqual(permissionsOf(["ROLE_READONLY"]));
    expect(permissionsOf(["ROLE_READONLY", "ROLE_USER"])).toEqual(joined);
  });

  it("gives nobody anything without a role", () => {
    expect(permissionsOf([])).toEqual([]);
  });
});
