-- AlterTable
ALTER TABLE "gateway_audit_events" ADD COLUMN     "api_key_id" UUID,
ADD COLUMN     "api_key_name" VARCHAR(100);

-- CreateTable
CREATE TABLE "gateway_api_keys" (
    "id" UUID NOT NULL,
    "user_id" INTEGER NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "key_hash" BYTEA NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "gateway_api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "gateway_api_keys_key_hash_key" ON "gateway_api_keys"("key_hash");

-- CreateIndex
CREATE INDEX "gateway_api_keys_user_id_created_at_idx" ON "gateway_api_keys"("user_id", "created_at");

-- AddForeignKey
ALTER TABLE "gateway_api_keys" ADD CONSTRAINT "gateway_api_keys_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "gateway_users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
