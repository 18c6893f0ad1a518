LOCK TABLE "alerts", "alert_reads" IN SHARE ROW EXCLUSIVE MODE;--> statement-breakpoint
UPDATE "alerts" SET "is_settled" = true WHERE "drift_id" IS NULL OR EXISTS (SELECT 1 FROM "drifts" WHERE "drifts"."id" = "alerts"."drift_id" AND "drifts"."status" <> 'pending');--> statement-breakpoint
UPDATE "alert_counts" SET "open" = (SELECT count(*) FROM "alerts" WHERE "alerts"."severity" = "alert_counts"."severity" AND NOT "alerts"."is_settled");--> statement-breakpoint
UPDATE "alert_read_counts" SET "n" = (SELECT count(*) FROM "alert_reads" JOIN "alerts" ON "alerts"."id" = "alert_reads"."alert_id" WHERE "alert_reads"."user_id" = "alert_read_counts"."user_id" AND NOT "alerts"."is_settled");
