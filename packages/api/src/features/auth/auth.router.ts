import { NoInput } from "../../rest-input.ts";
import { authedProcedure, keptPublicProcedure, publicProcedure, router, sessionProcedure } from "../../trpc.ts";
import {
  AccessTokenOutput,
  ChangePasswordInput,
  LoginInput,
  LoginOutput,
  MeOutput,
  Success,
  VerifyOutput,
} from "./auth.schemas.ts";
import { changePassword, login, logout, me, refresh, verify } from "./auth.service.ts";

const tags = ["Sign-in"];

/** Refuses before anything happens when the answer could not carry the cookie. */
const cookieProcedure = publicProcedure.use(({ ctx, next }) => {
  ctx.refreshCookie.ensureWritable();
  return next();
});

export const authRouter = router({
  login: cookieProcedure
    .meta({
      access: "public",
      openapi: {
        method: "POST",
        path: "/auth/login",
        tags,
        protect: false,
        summary: "Sign in",
        description: "Answers with an access token and sets the cookie `refreshToken` (HttpOnly, SameSite=Strict).",
      },
    })
    .input(LoginInput)
    .output(LoginOutput)
    .mutation(({ ctx, input }) => login(ctx, input)),

  refresh: cookieProcedure
    .meta({
      access: "public",
      openapi: {
        method: "POST",
        path: "/auth/refresh",
        tags,
        protect: false,
        summary: "Get a new access token",
        description:
          "Needs the cookie `refreshToken` and rotates it. Parallel tabs may use the same cookie within 30 s; later use of an old one ends the session.",
      },
    })
    .input(NoInput)
    .output(AccessTokenOutput)
    .mutation(({ ctx }) => refresh(ctx)),

  logout: cookieProcedure
    .meta({
      access: "public",
      openapi: {
        method: "POST",
        path: "/auth/logout",
        tags,
        protect: false,
        summary: "Sign out",
        description: "Ends the session and clears the cookie. May be called by anyone, any number of times.",
      },
    })
    .input(NoInput)
    .output(Success)
    .mutation(({ ctx }) => logout(ctx)),

  verify: keptPublicProcedure
    .meta({
      access: "public",
      openapi: {
        method: "GET",
        path: "/auth/verify",
        tags,
        protect: false,
        summary: "Is my access token valid?",
        description: "`valid` is false without a token and with one that no longer works; never 401.",
      },
    })
    .input(NoInput)
    .output(VerifyOutput)
    .query(({ ctx }) => verify(ctx)),

  me: authedProcedure
    .meta({
      access: "signed-in",
      openapi: { method: "GET", path: "/auth/me", tags, summary: "Who am I, and what may I do?" },
    })
    .input(NoInput)
    .output(MeOutput)
    .query(({ ctx }) => me(ctx, ctx.principal)),

  changePassword: sessionProcedure
    .meta({
      access: "signed-in",
      errors: ["conflict"],
      openapi: {
        method: "PUT",
        path: "/auth/password",
        tags,
        summary: "Change my password",
        description: "Needs the present password. Ends every other session of the account.",
      },
    })
    .input(ChangePasswordInput)
    .output(Success)
    .mutation(({ ctx, input }) => changePassword(ctx, input)),
});
