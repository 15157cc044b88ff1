import { html, withServerErrors } from "../http/answer.ts";
import { JavaError } from "../java/java-error.ts";
import type { Answer } from "../http/answer.ts";
import { parseJavaInt } from "../java/java-numbers.ts";
import type { QueueFilter } from "./ordered-items.ts";
import { renderQueuePage } from "./queue-page.ts";
import type { QueueItemState } from "./queue.ts";
import type { RouteContext } from "../http/route-context.ts";

const limitMax = 1000;
const itemStates: readonly QueueItemState[] = ["READY", "CLAIMED", "DEAD"];

/** `/client/queue/list`, any method: always HTML, whatever the client accepts. */
export function listQueue({ query, queue, clock }: RouteContext): Promise<Answer> {
  return withServerErrors(() => {
    const { page, limit } = parsePaging(query);
    const matching = queue.list(parseFilter(query));
    const offset = Math.max(0, Math.imul(page - 1, limit));
    const items = matching.slice(offset, offset + limit);
    const listError = items.find((item) => item.listError !== undefined)?.listError;
    if (listError !== undefined) throw new JavaError(listError);
    return html(200, renderQueuePage({ items, total: matching.length, page, limit, now: clock.now() }));
  });
}

/** A bad page number also loses the limit, because Robin stops reading there; a bad limit keeps the page. */
function parsePaging(query: ReadonlyMap<string, string>): { page: number; limit: number } {
  const paging = { page: 1, limit: 50 };
  try {
    const page = query.get("page");
    if (page !== undefined) paging.page = Math.max(1, parseJavaInt(page));
    const limit = query.get("limit");
    if (limit !== undefined) paging.limit = Math.max(1, Math.min(limitMax, parseJavaInt(limit)));
  } catch (error) {
    if (!(error instanceof JavaError)) throw error;
  }
  return paging;
}

function parseFilter(query: ReadonlyMap<string, string>): QueueFilter {
  const named = (query.get("state") ?? "").split(",").map((token) => token.trim().toUpperCase());
  const states = itemStates.filter((state) => named.includes(state));
  const protocol = query.get("protocol");
  const retryMin = query.get("retryMin");
  const retryMax = query.get("retryMax");
  return {
    states: states.length > 0 ? states : ["READY", "CLAIMED"],
    ...(protocol !== undefined && { protocol }),
    ...(retryMin !== undefined && { retryMin: parseJavaInt(retryMin) }),
    ...(retryMax !== undefined && { retryMax: parseJavaInt(retryMax) }),
  };
}
