CREATE TABLE "alert_counts" (
	"severity" text PRIMARY KEY NOT NULL,
	"n" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "alert_read_counts" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"n" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "alert_reads" (
	"user_id" uuid NOT NULL,
	"alert_id" uuid NOT NULL,
	"read_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "alert_reads_user_id_alert_id_pk" PRIMARY KEY("user_id","alert_id")
);
--> statement-breakpoint
CREATE TABLE "alerts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"drift_id" uuid,
	"severity" text NOT NULL,
	"title" text NOT NULL,
	"message" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "alerts_severity_check" CHECK ("alerts"."severity" in ('low', 'medium', 'high', 'critical'))
);
--> statement-breakpoint
CREATE TABLE "drift_counts" (
	"provider" text NOT NULL,
	"status" text NOT NULL,
	"severity" text NOT NULL,
	"n" bigint NOT NULL,
	CONSTRAINT "drift_counts_provider_status_severity_pk" PRIMARY KEY("provider","status","severity")
);
--> statement-breakpoint
CREATE TABLE "drift_days" (
	"day" date PRIMARY KEY NOT NULL,
	"detected" bigint DEFAULT 0 NOT NULL,
	"approved" bigint DEFAULT 0 NOT NULL,
	"rejected" bigint DEFAULT 0 NOT NULL,
	"seconds_to_decision" double precision DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "drifts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"external_id" text NOT NULL,
	"resource_type" text NOT NULL,
	"resource_id" text NOT NULL,
	"provider" text NOT NULL,
	"region" text,
	"severity" text NOT NULL,
	"expected" jsonb,
	"actual" jsonb,
	"status" text DEFAULT 'pending' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"detected_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"decided_by" uuid,
	"decided_at" timestamp (3) with time zone,
	"reason" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "drifts_severity_check" CHECK ("drifts"."severity" in ('low', 'medium', 'high', 'critical')),
	CONSTRAINT "drifts_status_check" CHECK ("drifts"."status" in ('pending', 'approved', 'rejected', 'resolved'))
);
--> statement-breakpoint
ALTER TABLE "alert_read_counts" ADD CONSTRAINT "alert_read_counts_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_reads" ADD CONSTRAINT "alert_reads_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_reads" ADD CONSTRAINT "alert_reads_alert_id_alerts_id_fk" FOREIGN KEY ("alert_id") REFERENCES "public"."alerts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alerts" ADD CONSTRAINT "alerts_drift_id_drifts_id_fk" FOREIGN KEY ("drift_id") REFERENCES "public"."drifts"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "drifts" ADD CONSTRAINT "drifts_decided_by_users_id_fk" FOREIGN KEY ("decided_by") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "alert_reads_alert_id_idx" ON "alert_reads" USING btree ("alert_id");--> statement-breakpoint
CREATE INDEX "alerts_drift_id_idx" ON "alerts" USING btree ("drift_id");--> statement-breakpoint
CREATE INDEX "alerts_severity_idx" ON "alerts" USING btree ("severity","id");--> statement-breakpoint
CREATE INDEX "alerts_created_at_idx" ON "alerts" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "drifts_external_id_key" ON "drifts" USING btree ("external_id");--> statement-breakpoint
CREATE INDEX "drifts_detected_at_idx" ON "drifts" USING btree ("detected_at","id");--> statement-breakpoint
CREATE INDEX "drifts_status_idx" ON "drifts" USING btree ("status","detected_at","id");--> statement-breakpoint
CREATE INDEX "drifts_severity_idx" ON "drifts" USING btree ("severity","detected_at","id");--> statement-breakpoint
CREATE INDEX "drifts_provider_idx" ON "drifts" USING btree ("provider","detected_at","id");--> statement-breakpoint
CREATE INDEX "drifts_status_severity_idx" ON "drifts" USING btree ("status","severity","detected_at","id");--> statement-breakpoint
CREATE INDEX "drifts_status_provider_idx" ON "drifts" USING btree ("status","provider","detected_at","id");--> statement-breakpoint
CREATE INDEX "drifts_severity_provider_idx" ON "drifts" USING btree ("severity","provider","detected_at","id");--> statement-breakpoint
CREATE INDEX "drifts_status_severity_provider_idx" ON "drifts" USING btree ("status","severity","provider","detected_at","id");--> statement-breakpoint
CREATE INDEX "drifts_decided_by_idx" ON "drifts" USING btree ("decided_by");--> statement-breakpoint
CREATE INDEX "drifts_done_idx" ON "drifts" USING btree ("updated_at") WHERE status <> 'pending';