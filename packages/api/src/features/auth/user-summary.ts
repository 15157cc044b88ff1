import { Role } from "../../permissions.ts";
import type { UserSummary } from "./auth.schemas.ts";

export interface UserRow {
  id: number;
  username: string;
  email: string;
  firstName: string | null;
  lastName: string | null;
  roles: { role: Role }[];
}

/** In the order of the enum. */
export function rolesOf(user: Pick<UserRow, "roles">): Role[] {
  return Role.options.filter((option) => user.roles.some(({ role }) => role === option));
}

/** What an answer may tell of an account: never its password hash. */
export function toSummary(user: UserRow): UserSummary {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    ...(user.firstName !== null && { firstName: user.firstName }),
    ...(user.lastName !== null && { lastName: user.lastName }),
    roles: rolesOf(user),
  };
}
