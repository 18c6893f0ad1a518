ALTER TABLE "alert_counts" ADD COLUMN "open" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "alert_counts" ALTER COLUMN "open" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "alerts" ADD COLUMN "is_settled" boolean DEFAULT false NOT NULL;
