-- CreateEnum
CREATE TYPE "gateway_queue_item_state" AS ENUM ('READY', 'CLAIMED', 'DEAD');

-- CreateEnum
CREATE TYPE "gateway_queue_exit" AS ENUM ('DELETED', 'RETRIED', 'BOUNCED', 'DELIVERED', 'EXPIRED', 'UNKNOWN');

-- CreateEnum
CREATE TYPE "gateway_queue_event_kind" AS ENUM ('STATE', 'RETRY', 'REQUEST', 'LOG', 'RETURN');

-- CreateTable
CREATE TABLE "gateway_queue_items" (
    "uid" TEXT NOT NULL,
    "state" "gateway_queue_item_state" NOT NULL,
    "protocol" TEXT NOT NULL,
    "session_uid" TEXT,
    "sender" TEXT,
    "recipients" TEXT[],
    "recipients_hidden" INTEGER NOT NULL,
    "domains" TEXT[],
    "files" TEXT[],
    "envelope_count" INTEGER NOT NULL,
    "retry_count" INTEGER NOT NULL,
    "last_retry_at" TIMESTAMPTZ(3),
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3),
    "retries_seen" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3),
    "last_error" TEXT,
    "changed_seq" BIGINT NOT NULL,
    "missing_scan" BIGINT,
    "requested_action" VARCHAR(20),
    "requested_by" VARCHAR(255),
    "requested_at" TIMESTAMPTZ(3),
    "left_at" TIMESTAMPTZ(3),
    "left_how" "gateway_queue_exit",
    "left_by" VARCHAR(255),

    CONSTRAINT "gateway_queue_items_pkey" PRIMARY KEY ("uid")
);

-- CreateTable
CREATE TABLE "gateway_queue_events" (
    "id" BIGSERIAL NOT NULL,
    "uid" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "kind" "gateway_queue_event_kind" NOT NULL,
    "state" "gateway_queue_item_state",
    "retry_count" INTEGER,
    "action" VARCHAR(20),
    "actor" VARCHAR(255),
    "text" TEXT,

    CONSTRAINT "gateway_queue_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateway_queue_deltas" (
    "seq" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "body" JSONB,

    CONSTRAINT "gateway_queue_deltas_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "gateway_queue_sizes" (
    "domain" TEXT NOT NULL,
    "resolution_seconds" SMALLINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "ready" INTEGER NOT NULL,
    "claimed" INTEGER NOT NULL,
    "dead" INTEGER NOT NULL,
    "arrivals" INTEGER NOT NULL DEFAULT 0,
    "departures" INTEGER NOT NULL DEFAULT 0,
    "retries" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "gateway_queue_sizes_pkey" PRIMARY KEY ("domain","resolution_seconds","at")
);

-- CreateTable
CREATE TABLE "gateway_queue_watch" (
    "id" INTEGER NOT NULL,
    "seq" BIGINT NOT NULL DEFAULT 0,
    "scan" BIGINT NOT NULL DEFAULT 0,
    "looked_at" TIMESTAMPTZ(3),
    "ready" INTEGER NOT NULL DEFAULT 0,
    "claimed" INTEGER NOT NULL DEFAULT 0,
    "dead" INTEGER NOT NULL DEFAULT 0,
    "complete_at" TIMESTAMPTZ(3),
    "progress" JSONB,

    CONSTRAINT "gateway_queue_watch_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateway_queue_seen" (
    "scan" BIGINT NOT NULL,
    "uid" TEXT NOT NULL,

    CONSTRAINT "gateway_queue_seen_pkey" PRIMARY KEY ("scan","uid")
);

-- CreateTable
CREATE TABLE "gateway_queue_origins" (
    "session_uid" TEXT NOT NULL,
    "sender" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "gateway_queue_origins_pkey" PRIMARY KEY ("session_uid")
);

-- CreateIndex
CREATE INDEX "gateway_queue_items_left_at_state_first_seen_at_uid_idx" ON "gateway_queue_items"("left_at", "state", "first_seen_at", "uid");

-- CreateIndex
CREATE INDEX "gateway_queue_items_session_uid_idx" ON "gateway_queue_items"("session_uid");

-- CreateIndex
CREATE INDEX "gateway_queue_items_sender_idx" ON "gateway_queue_items"("sender");

-- CreateIndex
CREATE INDEX "gateway_queue_items_recipients_idx" ON "gateway_queue_items" USING GIN ("recipients");

-- CreateIndex
CREATE INDEX "gateway_queue_items_domains_idx" ON "gateway_queue_items" USING GIN ("domains");

-- CreateIndex
CREATE INDEX "gateway_queue_events_uid_id_idx" ON "gateway_queue_events"("uid", "id");

-- CreateIndex
CREATE INDEX "gateway_queue_deltas_at_idx" ON "gateway_queue_deltas"("at");

-- CreateIndex
CREATE INDEX "gateway_queue_sizes_resolution_seconds_at_idx" ON "gateway_queue_sizes"("resolution_seconds", "at");

-- CreateIndex
CREATE INDEX "gateway_queue_origins_at_idx" ON "gateway_queue_origins"("at");

-- AddForeignKey
ALTER TABLE "gateway_queue_events" ADD CONSTRAINT "gateway_queue_events_uid_fkey" FOREIGN KEY ("uid") REFERENCES "gateway_queue_items"("uid") ON DELETE CASCADE ON UPDATE CASCADE;
