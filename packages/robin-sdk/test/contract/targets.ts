import { createRobinSimulator, type RobinSimulator, type SimulatorOptions } from "@robin/simulator";
import { createRobinClient, type RobinAuth } from "../../src/index.ts";
import { startRefusingPeer } from "./refusing-peer.ts";
import { introduce, type ContractRobin } from "./robin.ts";

export interface Target extends ContractRobin, AsyncDisposable {}

interface Address {
  url: string;
  auth?: RobinAuth | undefined;
}

/** A Robin that may be slow: a reload of its configuration takes up to 20 s. */
const timeoutMs = 15_000;

interface Place {
  name: string;
  clientApi: Address;
  serviceApi: Address;
  peerPort: number;
}

async function connect({ name, clientApi, serviceApi, peerPort }: Place): Promise<Target> {
  const client = createRobinClient({ clientApi, serviceApi, timeoutMs });
  const auth = { type: "bearer", token: "not-the-token" } as const;
  const stranger = createRobinClient({
    clientApi: { ...clientApi, auth },
    serviceApi: { ...serviceApi, auth },
    timeoutMs,
  });
  const robin = await introduce({ name, client, stranger, peerPort });
  return {
    ...robin,
    async [Symbol.asyncDispose]() {
      await Promise.all([client.close(), stranger.close()]);
    },
  };
}

/** A simulator with credentials on both ports; `prepare` has it before it is asked anything. */
export async function simulated(
  name: string,
  options: SimulatorOptions = {},
  prepare: (simulator: RobinSimulator) => void = () => undefined,
): Promise<Target> {
  const simulator = await createRobinSimulator({
    clientAuth: { type: "bearer", value: "client-token" },
    serviceAuth: { type: "basic", value: "robin:service:password" },
    ...options,
  });
  prepare(simulator);
  const target = await connect({
    name,
    clientApi: { url: simulator.clientUrl, auth: { type: "bearer", token: "client-token" } },
    serviceApi: { url: simulator.serviceUrl, auth: { type: "basic", username: "robin", password: "service:password" } },
    // It connects nowhere: every server but its own refuses these.
    peerPort: 25,
  });
  return {
    ...target,
    async [Symbol.asyncDispose]() {
      await target[Symbol.asyncDispose]();
      await simulator.close();
    },
  };
}

/** The Robin that the environment names; undefined unless both of its URLs are given. */
export async function live(env: NodeJS.ProcessEnv): Promise<Target | undefined> {
  const { ROBIN_CONTRACT_CLIENT_URL: clientUrl, ROBIN_CONTRACT_SERVICE_URL: serviceUrl } = env;
  if (!clientUrl && !serviceUrl) return undefined;
  if (!clientUrl || !serviceUrl)
    throw new Error("ROBIN_CONTRACT_CLIENT_URL and ROBIN_CONTRACT_SERVICE_URL go together");
  const isHere = ["127.0.0.1", "localhost"].includes(new URL(clientUrl).hostname);
  const peer = isHere ? await startRefusingPeer() : undefined;
  const target = await connect({
    name: "a live Robin",
    clientApi: { url: clientUrl, auth: authOf("ROBIN_CONTRACT_CLIENT_AUTH", env) },
    serviceApi: { url: serviceUrl, auth: authOf("ROBIN_CONTRACT_SERVICE_AUTH", env) },
    peerPort: peer?.port ?? 0,
  });
  return {
    ...target,
    async [Symbol.asyncDispose]() {
      await target[Symbol.asyncDispose]();
      await peer?.[Symbol.asyncDispose]();
    },
  };
}

/** `basic user:password` or `bearer token`, as the gateway takes them. The value never shows in the error. */
function authOf(name: string, env: NodeJS.ProcessEnv): RobinAuth | undefined {
  const value = env[name];
  if (!value) return undefined;
  const [, type, secret = ""] = /^(basic|bearer) (\S.*)$/.exec(value) ?? [];
  if (type === "bearer") return { type, token: secret };
  const colon = secret.indexOf(":");
  if (type !== "basic" || colon < 0) throw new Error(`${name} must be "basic user:password" or "bearer token"`);
  return { type, username: secret.slice(0, colon), password: secret.slice(colon + 1) };
}
