CREATE TABLE "drift_history" (
	"id" uuid PRIMARY KEY NOT NULL,
	"drift_id" uuid NOT NULL,
	"action" text NOT NULL,
	"actor_id" uuid,
	"reason" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "drift_history_action_check" CHECK ("drift_history"."action" in ('approved', 'rejected', 'undone', 'reopened', 'reported', 'resolved'))
);
--> statement-breakpoint
ALTER TABLE "drift_history" ADD CONSTRAINT "drift_history_drift_id_drifts_id_fk" FOREIGN KEY ("drift_id") REFERENCES "public"."drifts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "drift_history" ADD CONSTRAINT "drift_history_actor_id_users_id_fk" FOREIGN KEY ("actor_id") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "drift_history_drift_id_idx" ON "drift_history" USING btree ("drift_id","id");--> statement-breakpoint
CREATE INDEX "drift_history_actor_id_idx" ON "drift_history" USING btree ("actor_id");