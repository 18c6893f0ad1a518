CREATE TABLE "invitations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"target_id" uuid NOT NULL,
	"address" text NOT NULL,
	"typed" text NOT NULL,
	"inviter_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"accepted_at" timestamp (3) with time zone,
	"withdrawn_at" timestamp (3) with time zone,
	"mailed_at" timestamp (3) with time zone,
	"due_at" timestamp (3) with time zone DEFAULT now(),
	CONSTRAINT "invitations_kind_check" CHECK ("invitations"."kind" in ('draft'))
);
--> statement-breakpoint
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_inviter_id_users_id_fk" FOREIGN KEY ("inviter_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "invitations_kind_target_id_address_key" ON "invitations" USING btree ("kind","target_id","address");--> statement-breakpoint
CREATE INDEX "invitations_target_id_id_idx" ON "invitations" USING btree ("target_id","id");--> statement-breakpoint
CREATE INDEX "invitations_inviter_id_idx" ON "invitations" USING btree ("inviter_id");--> statement-breakpoint
CREATE INDEX "invitations_address_idx" ON "invitations" USING btree ("address");--> statement-breakpoint
CREATE INDEX "invitations_expires_at_idx" ON "invitations" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "invitations_due_at_idx" ON "invitations" USING btree ("due_at") WHERE "invitations"."due_at" is not null;