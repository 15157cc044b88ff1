import { z } from "zod";

/** The 17 permissions of the Robin UI; its login refuses any other name. */
export const Permission = z.enum([
  "VIEW_DASHBOARD",
  "VIEW_QUEUE",
  "MANAGE_QUEUE",
  "DELETE_QUEUE_ITEMS",
  "VIEW_STORAGE",
  "MANAGE_STORAGE",
  "VIEW_SECURITY",
  "MANAGE_SECURITY",
  "VIEW_ROUTING",
  "MANAGE_ROUTING",
  "VIEW_METRICS",
  "VIEW_LOGS",
  "VIEW_SETTINGS",
  "MANAGE_SERVER_CONFIG",
  "MANAGE_USERS",
  "VIEW_DOMAINS",
  "MANAGE_DOMAINS",
]);
export type Permission = z.infer<typeof Permission>;

export const Role = z.enum(["ROLE_ADMIN", "ROLE_OPERATOR", "ROLE_READONLY", "ROLE_USER"]);
export type Role = z.infer<typeof Role>;

const viewPermissions = Permission.options.filter((permission) => permission.startsWith("VIEW_"));

const rolePermissions: Record<Role, readonly Permission[]> = {
  ROLE_ADMIN: Permission.options,
  ROLE_OPERATOR: [...viewPermissions, "MANAGE_QUEUE", "DELETE_QUEUE_ITEMS", "MANAGE_STORAGE", "MANAGE_SECURITY"],
  ROLE_READONLY: viewPermissions,
  ROLE_USER: ["VIEW_DASHBOARD", "VIEW_QUEUE", "VIEW_METRICS", "VIEW_LOGS"],
};

/** What any of these roles allows, in the order of the enum and without repeats. */
export function permissionsOf(roles: readonly Role[]): Permission[] {
  const granted = new Set(roles.flatMap((role) => rolePermissions[role]));
  return Permission.options.filter((permission) => granted.has(permission));
}
