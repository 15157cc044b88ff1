-- CreateTable
CREATE TABLE "gateway_documents" (
    "name" VARCHAR(50) NOT NULL,
    "value" JSONB NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_by" VARCHAR(255),

    CONSTRAINT "gateway_documents_pkey" PRIMARY KEY ("name")
);
