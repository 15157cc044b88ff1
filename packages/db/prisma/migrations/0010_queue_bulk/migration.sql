-- CreateEnum
CREATE TYPE "gateway_queue_action" AS ENUM ('RETRY', 'BOUNCE', 'DELETE');

-- CreateEnum
CREATE TYPE "gateway_queue_bulk_status" AS ENUM ('QUEUED', 'RUNNING', 'CANCELLING', 'CANCELLED', 'DONE', 'FAILED');

-- CreateEnum
CREATE TYPE "gateway_queue_bulk_item_status" AS ENUM ('PENDING', 'ASKED', 'MISSING', 'FAILED');

-- CreateTable
CREATE TABLE "gateway_queue_bulk_runs" (
    "id" UUID NOT NULL,
    "action" "gateway_queue_action" NOT NULL,
    "filter" JSONB NOT NULL,
    "status" "gateway_queue_bulk_status" NOT NULL DEFAULT 'QUEUED',
    "total" INTEGER NOT NULL,
    "done" INTEGER NOT NULL DEFAULT 0,
    "missing" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "problem" TEXT,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "careful_until" INTEGER NOT NULL DEFAULT 0,
    "worker" UUID,
    "requested_by" VARCHAR(255) NOT NULL,
    "rule_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "gateway_queue_bulk_runs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateway_queue_bulk_items" (
    "run_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "uid" TEXT NOT NULL,
    "status" "gateway_queue_bulk_item_status" NOT NULL DEFAULT 'PENDING',
    "reason" TEXT,

    CONSTRAINT "gateway_queue_bulk_items_pkey" PRIMARY KEY ("run_id","position")
);

-- CreateTable
CREATE TABLE "gateway_queue_rules" (
    "id" UUID NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "action" "gateway_queue_action" NOT NULL,
    "filter" JSONB NOT NULL,
    "interval_seconds" INTEGER NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_by" VARCHAR(255) NOT NULL,
    "updated_by_id" INTEGER,
    "last_run_at" TIMESTAMPTZ(3),
    "last_matches" INTEGER,
    "last_problem" TEXT,

    CONSTRAINT "gateway_queue_rules_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "gateway_queue_bulk_runs_created_at_id_idx" ON "gateway_queue_bulk_runs"("created_at", "id");

-- CreateIndex
CREATE INDEX "gateway_queue_bulk_runs_status_idx" ON "gateway_queue_bulk_runs"("status");

-- CreateIndex
CREATE INDEX "gateway_queue_bulk_runs_rule_id_created_at_idx" ON "gateway_queue_bulk_runs"("rule_id", "created_at");

-- CreateIndex
CREATE INDEX "gateway_queue_bulk_items_run_id_status_position_idx" ON "gateway_queue_bulk_items"("run_id", "status", "position");

-- CreateIndex
CREATE UNIQUE INDEX "gateway_queue_rules_name_key" ON "gateway_queue_rules"("name");

-- AddForeignKey
ALTER TABLE "gateway_queue_bulk_runs" ADD CONSTRAINT "gateway_queue_bulk_runs_rule_id_fkey" FOREIGN KEY ("rule_id") REFERENCES "gateway_queue_rules"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "gateway_queue_bulk_items" ADD CONSTRAINT "gateway_queue_bulk_items_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "gateway_queue_bulk_runs"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "gateway_queue_rules" ADD CONSTRAINT "gateway_queue_rules_updated_by_id_fkey" FOREIGN KEY ("updated_by_id") REFERENCES "gateway_users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
