import type { AppRouter } from "@robin/api";
import { createTRPCClient, httpBatchStreamLink, httpLink, type TRPCClient, TRPCClientError } from "@trpc/client";
import superjson from "superjson";
import type { TestGateway } from "./harness.ts";

export function trpcClient({ url }: TestGateway, token?: string): TRPCClient<AppRouter> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return createTRPCClient<AppRouter>({ links: [httpLink({ url: `${url}/trpc`, transformer: superjson, headers })] });
}

/** For downloads, which come as they are read. */
export function streamingClient({ url }: TestGateway, token: string): TRPCClient<AppRouter> {
  const headers = { authorization: `Bearer ${token}` };
  const link = httpBatchStreamLink({ url: `${url}/trpc`, transformer: superjson, headers });
  return createTRPCClient<AppRouter>({ links: [link] });
}

export interface TrpcFailure {
  message: string;
  httpStatus: number;
  appCode: string;
  requestId: string;
  issues?: { path: string; message: string }[];
}

/** What a typed client learns of a call that must fail. Rejects when the call succeeds. */
export async function failureOf(call: Promise<unknown>): Promise<TrpcFailure> {
  try {
    await call;
  } catch (error) {
    if (error instanceof TRPCClientError && error.data) {
      return { message: error.message, ...(error.data as Omit<TrpcFailure, "message">) };
    }
    throw error;
  }
  throw new Error("the call succeeded");
}
