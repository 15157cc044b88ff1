-- CreateTable
CREATE TABLE "gateway_domains" (
    "id" SERIAL NOT NULL,
    "name" VARCHAR(253) NOT NULL,
    "unicode_name" VARCHAR(253) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "gateway_domains_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateway_aliases" (
    "id" SERIAL NOT NULL,
    "domain_id" INTEGER NOT NULL,
    "source" VARCHAR(254) NOT NULL,
    "destinations" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "gateway_aliases_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "gateway_domains_name_key" ON "gateway_domains"("name");

-- CreateIndex
CREATE UNIQUE INDEX "gateway_aliases_source_key" ON "gateway_aliases"("source");

-- CreateIndex
CREATE INDEX "gateway_aliases_domain_id_idx" ON "gateway_aliases"("domain_id");

-- AddForeignKey
ALTER TABLE "gateway_aliases" ADD CONSTRAINT "gateway_aliases_domain_id_fkey" FOREIGN KEY ("domain_id") REFERENCES "gateway_domains"("id") ON DELETE CASCADE ON UPDATE CASCADE;
