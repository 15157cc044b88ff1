import { apiKeyPrefix, AppError, type Deps, type Principal, toAppError } from "@robin/api";
import type { Request, RequestHandler } from "express";

/** Who calls. Neither field is set when neither an access token nor an API key came along. */
export interface Authentication {
  principal?: Principal;
  error?: AppError;
}

const bearerToken = /^Bearer +([\w.~+/-]{1,4096}=*) *$/i;

const howTo =
  "Send the access token as `Authorization: Bearer ...`, or an API key like that or as `X-API-Key`; one of them, once.";

/** Finds out who calls and leaves it in `res.locals.authentication`; refusing is up to the procedures. */
export function authenticate({ authenticator }: Pick<Deps, "authenticator">): RequestHandler {
  return async (req, res, next) => {
    const locals = res.locals as { authentication?: Authentication };
    // A limit may have decided already that the credential is not looked at.
    locals.authentication ??= await authenticationOf(req);
    next();
  };

  async function authenticationOf(req: Request): Promise<Authentication> {
    const credential = credentialOf(req);
    if (credential === undefined) return {};
    if (credential instanceof AppError) return { error: credential };
    try {
      return { principal: await authenticator.authenticate(credential) };
    } catch (error) {
      return { error: toAppError(error) };
    }
  }
}

/** The access token or API key that came along; an error in place of one that is written wrongly, or of several. */
export function credentialOf(req: Pick<Request, "headersDistinct">): string | AppError | undefined {
  // All of them: Node drops repeats, while a proxy in front may have checked another one than the first.
  const { authorization = [], "x-api-key": apiKeys = [] } = req.headersDistinct;
  const [credential, ...others] = [...authorization.map((text) => bearerToken.exec(text)?.[1] ?? ""), ...apiKeys];
  if (credential === undefined) return undefined;
  const isNoKey = apiKeys.length > 0 && !credential.startsWith(apiKeyPrefix);
  return others.length > 0 || credential === "" || isNoKey ? new AppError("unauthenticated", howTo) : credential;
}
