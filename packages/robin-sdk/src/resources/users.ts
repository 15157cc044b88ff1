import { checked } from "../input.ts";
import { jsonBody } from "../parsing.ts";
import { pathSegment } from "../path-segment.ts";
import type { CallOptions, Transport } from "../transport.ts";
import { UserAuthentication, UserCredentials, UserExistence, UserExistsInput, UserList } from "./users.schemas.ts";

/**
 * The mail users that Robin knows; it can neither create, change nor delete them. Every method rejects with RobinError:
 * status 503 when Robin has no users backend, 500 when its database fails. Both are about the backend, not about
 * Robin's health, and do not count for the breaker.
 */
export interface UsersResource {
  /** All names. `GET /users`. */
  list(options?: CallOptions): Promise<UserList>;
  /**
   * Whether this very name is known. `GET /users/{username}/exists`.
   * Rejects with RobinInputError for a name that no path can carry, such as one with a slash.
   */
  exists(input: UserExistsInput, options?: CallOptions): Promise<UserExistence>;
  /**
   * Whether the password is right; a wrong one is an answer, not an error. `POST /users/authenticate`.
   * With the `passwordQuery` that Robin ships, its SQL backend answers 500 to every question.
   */
  authenticate(input: UserCredentials, options?: CallOptions): Promise<UserAuthentication>;
}

const json = "application/json";

export function createUsersResource(transport: Transport): UsersResource {
  const common = { service: "client", mediaType: json, answeredErrors: [500, 503] } as const;
  return {
    list: (options) =>
      transport.call(
        { ...common, method: "GET", endpoint: "/users", large: true, lane: "pages", parse: jsonBody(UserList) },
        options,
      ),
    async exists(input, options) {
      const { username } = checked(UserExistsInput, input);
      const request = {
        ...common,
        method: "GET",
        endpoint: "/users/{username}/exists",
        path: `/users/${pathSegment(username, "username")}/exists`,
        parse: jsonBody(UserExistence),
      } as const;
      return transport.call(request, options);
    },
    async authenticate(input, options) {
      const { username, password } = checked(UserCredentials, input);
      const request = {
        ...common,
        method: "POST",
        endpoint: "/users/authenticate",
        body: Buffer.from(JSON.stringify({ username, password }), "utf8"),
        contentType: json,
        parse: jsonBody(UserAuthentication),
      } as const;
      return transport.call(request, options);
    },
  };
}
