-- CreateTable
CREATE TABLE "gateway_metric_samples" (
    "resolution_seconds" SMALLINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "queue_size" DOUBLE PRECISION,
    "connections" DOUBLE PRECISION,
    "cpu_percent" DOUBLE PRECISION,
    "memory_percent" DOUBLE PRECISION,
    "received" DOUBLE PRECISION,
    "sent" DOUBLE PRECISION,
    "reading" JSONB,

    CONSTRAINT "gateway_metric_samples_pkey" PRIMARY KEY ("resolution_seconds","at")
);
