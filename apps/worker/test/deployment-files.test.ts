/** Keeps .env.example, docker-compose.yml and Dockerfile in step with what the programs read. */
import { readFileSync, existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { nodeFlags, nodeVariables } from "../../../scripts/bundle.ts";
import { envNames as gatewayNames, readEnv as readGatewayEnv } from "../../gateway/src/env.ts";
import { envNames as workerNames, readEnv as readWorkerEnv } from "../src/env.ts";

interface Service {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  healthcheck?: object;
  depends_on?: Record<string, { condition: string }>;
  volumes?: string[];
  restart?: string;
  read_only?: boolean;
}
interface ComposeFile {
  services: Record<"gateway" | "worker" | "postgres" | "redis", Service>;
  volumes: object;
}

const root = path.resolve(import.meta.dirname, "../../..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

const composeText = read("docker-compose.yml");
const { services, volumes } = parse(composeText, { merge: true }) as ComposeFile;
const exampleLines = read(".env.example").split("\n");
const example = Object.fromEntries(
  exampleLines.flatMap((line) => {
    const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value]];
  }),
);
const readByPrograms = new Set([...gatewayNames, ...workerNames]);
/** What docker-compose.yml takes from the environment or from .env. */
const interpolated = new Set([...composeText.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name ?? ""));

const needed = {
  DATABASE_URL: "postgresql://robin@localhost/robin",
  ROBIN_CLIENT_API_URL: "http://localhost:8090",
  ROBIN_SERVICE_API_URL: "http://localhost:8080",
  JWT_SECRET: "x".repeat(32),
};

describe(".env.example", () => {
  it("has every variable that a program reads, and no other but those of docker-compose.yml", () => {
    const onlyCompose = [...interpolated].filter((name) => !readByPrograms.has(name));
    expect(Object.keys(example).sort()).toEqual([...readByPrograms, ...onlyCompose].sort());
  });

  it("has a one-line comment above each", () => {
    const bare = exampleLines.filter(
      (line, index) => /^[A-Z_]+=/.test(line) && !/^# [A-Za-z].*\S$/.test(exampleLines[index - 1] ?? ""),
    );
    expect(bare).toEqual([]);
  });

  it("shows the defaults", () => {
    expect(readGatewayEnv({ ...example, ...needed })).toEqual(readGatewayEnv(needed));
    expect(readWorkerEnv({ ...example, ...needed })).toEqual(readWorkerEnv(needed));
  });

  it("holds no secret", () => {
    const secrets = Object.keys(example).filter((name) => /PASSWORD|SECRET|AUTH$|^(DATABASE|REDIS)_URL$/.test(name));
    expect(secrets.map((name) => example[name])).toEqual(secrets.map(() => ""));
  });
});

describe("docker-compose.yml", () => {
  it.each([
    ["gateway", gatewayNames, ["HOST"]],
    ["worker", workerNames, []],
  ] as const)("passes the %s every variable that it reads and no other", (service, names, fixedByImage) => {
    const passed = Object.keys(services[service].environment ?? {});
    expect(passed.sort()).toEqual(names.filter((name) => !(fixedByImage as readonly string[]).includes(name)).sort());
  });

  it("asks .env only for what .env.example explains", () => {
    expect([...interpolated].filter((name) => !(name in example))).toEqual([]);
  });

  it("refuses to start without the secrets, and holds none", () => {
    for (const name of ["POSTGRES_PASSWORD", "JWT_SECRET", "ROBIN_CLIENT_API_URL", "ROBIN_SERVICE_API_URL"]) {
      expect(composeText).toMatch(new RegExp(`\\$\\{${name}:\\?[^}]+\\}`));
      expect(composeText).not.toMatch(new RegExp(`\\$\\{${name}(\\}|:-)`));
    }
  });

  it("checks the health of every container, restarts it, and gives it a read-only root", () => {
    for (const service of Object.values(services)) {
      expect(service).toMatchObject({ restart: "unless-stopped", read_only: true });
      expect(service.healthcheck).toBeDefined();
    }
  });

  it("starts gateway and worker when PostgreSQL and Redis are healthy", () => {
    for (const { depends_on } of [services.gateway, services.worker]) {
      expect(depends_on).toEqual({
        postgres: { condition: "service_healthy" },
        redis: { condition: "service_healthy" },
      });
    }
  });

  it("keeps the data, and what waits to be downloaded, in named volumes", () => {
    const mounted = Object.values(services).flatMap((service) => service.volumes ?? []);
    const named = mounted.filter((volume) => /^[\w-]+:/.test(volume));
    expect(named).toEqual(["downloads:/tmp", "postgres-data:/var/lib/postgresql", "redis-data:/data"]);
    expect(Object.keys(volumes)).toEqual(named.map((volume) => volume.split(":")[0]));
  });
});

const listed = (words: string[]) => JSON.stringify(words).replaceAll(",", ", ");

describe("Dockerfile", () => {
  it("copies and starts what is there", () => {
    const text = read("Dockerfile");
    const copied = [...text.matchAll(/^COPY --from=build \/app\/((?:apps|packages)\/\S+) \1$/gm)].map(
      ([, folder]) => folder ?? "",
    );
    expect(copied.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
    expect(text).toContain(`node scripts/bundle/make.ts --out=dist/image --sourcemap `);
    expect(text).toContain("COPY --from=build /app/dist dist");
    expect(text).toContain(`CMD ${listed(["node", ...nodeFlags, "dist/image/gateway.js"])}\n`);
    expect(services.worker.command).toEqual(["node", ...nodeFlags, "dist/image/worker.js"]);
    for (const [name, value] of Object.entries(nodeVariables)) expect(text).toContain(` ${name}=${value}\n`);
  });

  it("copies every workspace package that gateway and worker need", () => {
    const text = read("Dockerfile");
    const folders = new Map(
      ["api", "db", "events", "jobs", "robin-config-files", "robin-sdk", "tracing"].map((folder) => [
        `@robin/${folder.replace(/^robin-/, "")}`,
        `packages/${folder}`,
      ]),
    );
    const dependenciesOf = (folder: string): string[] => {
      const { dependencies = {} } = JSON.parse(read(`${folder}/package.json`)) as {
        dependencies?: Record<string, string>;
      };
      return Object.keys(dependencies).filter((name) => name.startsWith("@robin/"));
    };
    const all = ["apps/gateway", "apps/worker", ...folders.values()].flatMap(dependenciesOf);
    const missing = all.filter((name) => !text.includes(`COPY --from=build /app/${folders.get(name) ?? name} `));
    expect(missing).toEqual([]);
  });
});
