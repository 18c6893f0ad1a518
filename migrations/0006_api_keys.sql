ALTER TABLE "audit_logs" ADD COLUMN "api_key_id" uuid;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "key_name" text;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "key_scopes" text[];--> statement-breakpoint
CREATE INDEX "audit_logs_api_key_id_id_idx" ON "audit_logs" USING btree ("api_key_id","id") WHERE "audit_logs"."api_key_id" is not null;--> statement-breakpoint
CREATE INDEX "sessions_key_idx" ON "sessions" USING btree ("id") WHERE "sessions"."key_scopes" is not null;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_key_check" CHECK (("sessions"."key_name" is null) = ("sessions"."key_scopes" is null));