-- AlterTable
ALTER TABLE "gateway_users" ADD COLUMN     "mail_password_hash" VARCHAR(255);

-- What Robin and Dovecot read, with the right to select from nothing else. Conditions of theirs are
-- never tried on rows that the view leaves out: that is the barrier.
CREATE VIEW "gateway_mail_users" WITH (security_barrier) AS
SELECT "username", "mail_password_hash" AS "password"
FROM "gateway_users"
WHERE "disabled_at" IS NULL AND "mail_password_hash" IS NOT NULL;
