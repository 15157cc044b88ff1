-- CreateEnum
CREATE TYPE "gateway_blocklist_type" AS ENUM ('IP', 'CIDR', 'DOMAIN');

-- CreateTable
CREATE TABLE "gateway_blocklist_entries" (
    "id" UUID NOT NULL,
    "type" "gateway_blocklist_type" NOT NULL,
    "value" VARCHAR(253) NOT NULL,
    "network" INET,
    "reason" VARCHAR(500) NOT NULL,
    "active" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" VARCHAR(255) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "gateway_blocklist_entries_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateway_blocklist_projection" (
    "id" INTEGER NOT NULL,
    "projected_at" TIMESTAMPTZ(3),
    "loaded_version" VARCHAR(64),
    "problem" TEXT,

    CONSTRAINT "gateway_blocklist_projection_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "gateway_blocklist_entries_value_key" ON "gateway_blocklist_entries"("value");

-- CreateIndex
CREATE INDEX "gateway_blocklist_entries_created_at_id_idx" ON "gateway_blocklist_entries"("created_at", "id");

-- CreateIndex
CREATE INDEX "gateway_blocklist_entries_expires_at_idx" ON "gateway_blocklist_entries"("expires_at");

-- CreateIndex
CREATE INDEX "gateway_blocklist_entries_network_idx" ON "gateway_blocklist_entries" USING GIST ("network" inet_ops);
