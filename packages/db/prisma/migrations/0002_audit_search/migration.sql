-- CreateIndex
CREATE INDEX "gateway_audit_events_actor_username_occurred_at_idx" ON "gateway_audit_events"("actor_username", "occurred_at");

-- CreateIndex
CREATE INDEX "gateway_audit_events_action_occurred_at_idx" ON "gateway_audit_events"("action", "occurred_at");
