-- CreateEnum
CREATE TYPE "gateway_role" AS ENUM ('ROLE_ADMIN', 'ROLE_OPERATOR', 'ROLE_READONLY', 'ROLE_USER');

-- CreateEnum
CREATE TYPE "gateway_revoked_reason" AS ENUM ('LOGOUT', 'TOKEN_REUSE', 'PASSWORD_CHANGED', 'USER_DISABLED', 'REVOKED_BY_ADMIN');

-- CreateEnum
CREATE TYPE "gateway_audit_outcome" AS ENUM ('STARTED', 'SUCCEEDED', 'FAILED');

-- CreateTable
CREATE TABLE "gateway_users" (
    "id" SERIAL NOT NULL,
    "username" VARCHAR(255) NOT NULL,
    "email" VARCHAR(255) NOT NULL,
    "first_name" VARCHAR(255),
    "last_name" VARCHAR(255),
    "password_hash" VARCHAR(255) NOT NULL,
    "disabled_at" TIMESTAMPTZ(3),
    "last_login_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "gateway_users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateway_user_roles" (
    "user_id" INTEGER NOT NULL,
    "role" "gateway_role" NOT NULL,

    CONSTRAINT "gateway_user_roles_pkey" PRIMARY KEY ("user_id","role")
);

-- CreateTable
CREATE TABLE "gateway_sessions" (
    "id" UUID NOT NULL,
    "user_id" INTEGER NOT NULL,
    "ip_address" VARCHAR(45) NOT NULL,
    "user_agent" VARCHAR(255) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "revoked_reason" "gateway_revoked_reason",

    CONSTRAINT "gateway_sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateway_refresh_tokens" (
    "token_hash" BYTEA NOT NULL,
    "session_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "gateway_refresh_tokens_pkey" PRIMARY KEY ("token_hash")
);

-- CreateTable
CREATE TABLE "gateway_audit_events" (
    "id" UUID NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),
    "action" VARCHAR(100) NOT NULL,
    "targets" TEXT[],
    "outcome" "gateway_audit_outcome" NOT NULL DEFAULT 'STARTED',
    "error_code" VARCHAR(50),
    "actor_id" INTEGER,
    "actor_username" VARCHAR(255),
    "request_id" VARCHAR(128) NOT NULL,
    "ip_address" VARCHAR(45) NOT NULL,

    CONSTRAINT "gateway_audit_events_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "gateway_users_username_key" ON "gateway_users"("username");

-- CreateIndex
CREATE INDEX "gateway_sessions_user_id_idx" ON "gateway_sessions"("user_id");

-- CreateIndex
CREATE INDEX "gateway_sessions_expires_at_idx" ON "gateway_sessions"("expires_at");

-- CreateIndex
CREATE INDEX "gateway_refresh_tokens_session_id_idx" ON "gateway_refresh_tokens"("session_id");

-- CreateIndex
CREATE INDEX "gateway_audit_events_occurred_at_idx" ON "gateway_audit_events"("occurred_at");

-- CreateIndex
CREATE INDEX "gateway_audit_events_actor_id_occurred_at_idx" ON "gateway_audit_events"("actor_id", "occurred_at");

-- AddForeignKey
ALTER TABLE "gateway_user_roles" ADD CONSTRAINT "gateway_user_roles_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "gateway_users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "gateway_sessions" ADD CONSTRAINT "gateway_sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "gateway_users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "gateway_refresh_tokens" ADD CONSTRAINT "gateway_refresh_tokens_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "gateway_sessions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "gateway_audit_events" ADD CONSTRAINT "gateway_audit_events_actor_id_fkey" FOREIGN KEY ("actor_id") REFERENCES "gateway_users"("id") ON DELETE SET NULL ON UPDATE CASCADE;
