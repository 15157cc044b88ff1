import { PrismaPg } from "@prisma/adapter-pg";
import { ColumnTypeEnum } from "@prisma/driver-adapter-utils";
import { randomUUID } from "node:crypto";
import type pg from "pg";

/** Object ids of the types "char" and text. */
const charType = 18;
const textType = 25;

type Adapter = Awaited<ReturnType<PrismaPg["connect"]>>;

/**
 * The driver adapter refuses columns of type "char", which the schema engine needs from the system catalogue. So the
 * adapter is shown text in their place, and the engine is told afterwards which columns hold a character.
 */
function passChar(adapter: Adapter): Adapter {
  const charColumns = new WeakMap<object, number[]>();
  const pool = adapter.underlyingDriver();
  const query = pool.query.bind(pool) as (config: unknown) => Promise<pg.QueryResult | pg.QueryResult[]>;
  pool.query = (async (config: unknown) => {
    const result = await query(config);
    if (Array.isArray(result)) return result;
    const columns = result.fields.flatMap((field, index) => (field.dataTypeID === charType ? [index] : []));
    for (const index of columns) Object.assign(result.fields[index] ?? {}, { dataTypeID: textType });
    charColumns.set(result.rows, columns);
    return result;
  }) as typeof pool.query;
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (sqlQuery) => {
    const result = await queryRaw(sqlQuery);
    for (const index of charColumns.get(result.rows) ?? []) result.columnTypes[index] = ColumnTypeEnum.Character;
    return result;
  };
  return adapter;
}

/**
 * The driver adapter cuts a script at each semicolon and spreads the parts over its connections. Sent as a whole, the
 * server itself finds the statements and runs them as one transaction: a migration that fails leaves nothing behind.
 */
function runScriptsWhole(adapter: Adapter): Adapter {
  adapter.executeScript = async (script) => {
    await adapter.executeRaw({ sql: script, args: [], argTypes: [] });
  };
  return adapter;
}

/** PostgreSQL for the schema engine. */
export class CataloguePg extends PrismaPg {
  readonly #url: string;
  readonly #cleanUps: (() => Promise<void>)[] = [];

  constructor(url: string) {
    super({ connectionString: url });
    this.#url = url;
  }

  /** Freeing an engine leaves its connections open: each is ended by the engine or by `disconnect`, and only once. */
  #track(adapter: Adapter, after: () => Promise<void> = () => Promise.resolve()): Adapter {
    const end = adapter.dispose.bind(adapter);
    let ended: Promise<void> | undefined;
    adapter.dispose = () => (ended ??= end().then(after));
    this.#cleanUps.push(() => adapter.dispose());
    return runScriptsWhole(passChar(adapter));
  }

  override async connect() {
    return this.#track(await super.connect());
  }

  /** The inherited one works on the main database itself when it was given a connection string. */
  override async connectToShadowDb() {
    const admin = await super.connect();
    const name = `robin_shadow_${randomUUID().replaceAll("-", "")}`;
    await admin.executeScript(`CREATE DATABASE ${name}`);
    const url = new URL(this.#url);
    url.pathname = `/${name}`;
    const shadow = await new PrismaPg({ connectionString: url.href }).connect();
    return this.#track(shadow, async () => {
      await admin.executeScript(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.dispose();
    });
  }

  async disconnect(): Promise<void> {
    await Promise.all(this.#cleanUps.splice(0).map((cleanUp) => cleanUp()));
  }
}
