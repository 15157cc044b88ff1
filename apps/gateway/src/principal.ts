import { AppError, type Deps, type Principal, toAppError } from "@robin/api";
import type { Request, RequestHandler } from "express";

/** Who calls. Neither field is set when no access token came along. */
export interface Authentication {
  principal?: Principal;
  error?: AppError;
}

const bearerToken = /^Bearer +([\w.~+/-]{1,4096}=*) *$/i;

/** Finds out who calls and leaves it in `res.locals.authentication`; refusing is up to the procedures. */
export function authenticate({ authenticator }: Pick<Deps, "authenticator">): RequestHandler {
  return async (req, res, next) => {
    const locals = res.locals as { authentication?: Authentication };
    locals.authentication = await authenticationOf(req);
    next();
  };

  async function authenticationOf(req: Request): Promise<Authentication> {
    // All of them: Node drops repeats, while a proxy in front may have checked another one than the first.
    const [authorization, ...repeats] = req.headersDistinct.authorization ?? [];
    if (authorization === undefined) return {};
    const [, token] = repeats.length === 0 ? (bearerToken.exec(authorization) ?? []) : [];
    if (!token)
      return { error: new AppError("unauthenticated", "Send the access token as `Authorization: Bearer ...`.") };
    try {
      return { principal: await authenticator.authenticate(token) };
    } catch (error) {
      return { error: toAppError(error) };
    }
  }
}
