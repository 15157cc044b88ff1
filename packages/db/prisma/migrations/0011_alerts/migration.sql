-- CreateEnum
CREATE TYPE "gateway_alert_kind" AS ENUM ('QUEUE_SIZE', 'OLDEST_READY', 'DEAD_GROWTH', 'ROBIN_UNREACHABLE', 'BREAKER_OPEN', 'DATABASE_SIZE', 'WORKER_LATE');

-- CreateEnum
CREATE TYPE "gateway_alert_severity" AS ENUM ('INFO', 'WARNING', 'CRITICAL');

-- CreateEnum
CREATE TYPE "gateway_alert_event" AS ENUM ('FIRED', 'CLEARED', 'TEST');

-- CreateEnum
CREATE TYPE "gateway_alert_delivery_status" AS ENUM ('PENDING', 'DELIVERED', 'DEAD');

-- CreateTable
CREATE TABLE "gateway_alert_rules" (
    "id" UUID NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "kind" "gateway_alert_kind" NOT NULL,
    "states" "gateway_queue_item_state"[],
    "window_seconds" INTEGER,
    "threshold" DOUBLE PRECISION NOT NULL,
    "for_seconds" INTEGER NOT NULL,
    "clear_seconds" INTEGER NOT NULL,
    "severity" "gateway_alert_severity" NOT NULL,
    "enabled" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_by" VARCHAR(255),
    "breaching_since" TIMESTAMPTZ(3),
    "calm_since" TIMESTAMPTZ(3),
    "last_value" DOUBLE PRECISION,
    "evaluated_at" TIMESTAMPTZ(3),

    CONSTRAINT "gateway_alert_rules_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateway_alerts" (
    "id" UUID NOT NULL,
    "rule_id" UUID,
    "rule_name" VARCHAR(100) NOT NULL,
    "kind" "gateway_alert_kind" NOT NULL,
    "severity" "gateway_alert_severity" NOT NULL,
    "threshold" DOUBLE PRECISION NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,
    "worst_value" DOUBLE PRECISION NOT NULL,
    "message" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "fired_at" TIMESTAMPTZ(3) NOT NULL,
    "cleared_at" TIMESTAMPTZ(3),

    CONSTRAINT "gateway_alerts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateway_alert_webhooks" (
    "id" UUID NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "url" VARCHAR(2000) NOT NULL,
    "secret" VARCHAR(200) NOT NULL,
    "min_severity" "gateway_alert_severity" NOT NULL,
    "enabled" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "gateway_alert_webhooks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateway_alert_deliveries" (
    "id" UUID NOT NULL,
    "webhook_id" UUID NOT NULL,
    "alert_id" UUID,
    "event" "gateway_alert_event" NOT NULL,
    "body" TEXT NOT NULL,
    "status" "gateway_alert_delivery_status" NOT NULL DEFAULT 'PENDING',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL,
    "last_status" INTEGER,
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "delivered_at" TIMESTAMPTZ(3),

    CONSTRAINT "gateway_alert_deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "gateway_alert_rules_name_key" ON "gateway_alert_rules"("name");

-- CreateIndex
CREATE INDEX "gateway_alerts_cleared_at_idx" ON "gateway_alerts"("cleared_at");

-- CreateIndex
CREATE INDEX "gateway_alerts_fired_at_id_idx" ON "gateway_alerts"("fired_at", "id");

-- CreateIndex
CREATE INDEX "gateway_alerts_rule_id_idx" ON "gateway_alerts"("rule_id");

-- CreateIndex
CREATE UNIQUE INDEX "gateway_alert_webhooks_name_key" ON "gateway_alert_webhooks"("name");

-- CreateIndex
CREATE INDEX "gateway_alert_deliveries_status_next_attempt_at_idx" ON "gateway_alert_deliveries"("status", "next_attempt_at");

-- CreateIndex
CREATE INDEX "gateway_alert_deliveries_webhook_id_idx" ON "gateway_alert_deliveries"("webhook_id");

-- CreateIndex
CREATE INDEX "gateway_alert_deliveries_alert_id_idx" ON "gateway_alert_deliveries"("alert_id");

-- CreateIndex
CREATE INDEX "gateway_alert_deliveries_created_at_id_idx" ON "gateway_alert_deliveries"("created_at", "id");

-- AddForeignKey
ALTER TABLE "gateway_alerts" ADD CONSTRAINT "gateway_alerts_rule_id_fkey" FOREIGN KEY ("rule_id") REFERENCES "gateway_alert_rules"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "gateway_alert_deliveries" ADD CONSTRAINT "gateway_alert_deliveries_webhook_id_fkey" FOREIGN KEY ("webhook_id") REFERENCES "gateway_alert_webhooks"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "gateway_alert_deliveries" ADD CONSTRAINT "gateway_alert_deliveries_alert_id_fkey" FOREIGN KEY ("alert_id") REFERENCES "gateway_alerts"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- What a gateway should tell of from its first day. They are rules like all others: to be changed, switched off or deleted.
INSERT INTO "gateway_alert_rules"
    ("id", "name", "kind", "states", "window_seconds", "threshold", "for_seconds", "clear_seconds", "severity", "enabled", "created_at", "updated_at")
VALUES
    (gen_random_uuid(), 'Robin does not answer', 'ROBIN_UNREACHABLE', '{}', NULL, 60, 0, 30, 'CRITICAL', true, now(), now()),
    (gen_random_uuid(), 'Robin keeps failing', 'BREAKER_OPEN', '{}', NULL, 0, 60, 60, 'WARNING', true, now(), now()),
    (gen_random_uuid(), 'The worker is late', 'WORKER_LATE', '{}', NULL, 120, 0, 60, 'WARNING', true, now(), now()),
    (gen_random_uuid(), 'Many messages wait', 'QUEUE_SIZE', '{READY,CLAIMED}', NULL, 10000, 300, 300, 'WARNING', true, now(), now()),
    (gen_random_uuid(), 'A message waits for a day', 'OLDEST_READY', '{}', NULL, 86400, 300, 300, 'INFO', true, now(), now()),
    (gen_random_uuid(), 'Dead messages pile up', 'DEAD_GROWTH', '{}', 3600, 100, 0, 300, 'WARNING', true, now(), now()),
    (gen_random_uuid(), 'The database is large', 'DATABASE_SIZE', '{}', NULL, 10737418240, 0, 300, 'WARNING', true, now(), now());
