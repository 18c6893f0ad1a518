CREATE TABLE "group_invitations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"group_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"inviter_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "group_memberships" (
	"group_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role" text DEFAULT 'member' NOT NULL,
	"permissions" jsonb NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"joined_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "group_memberships_group_id_user_id_pk" PRIMARY KEY("group_id","user_id"),
	CONSTRAINT "group_memberships_role_check" CHECK ("group_memberships"."role" in ('member', 'moderator', 'admin')),
	CONSTRAINT "group_memberships_status_check" CHECK ("group_memberships"."status" in ('active', 'inactive', 'banned'))
);
--> statement-breakpoint
CREATE TABLE "groups" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"access_code" text NOT NULL,
	"is_private" boolean DEFAULT false NOT NULL,
	"max_members" integer DEFAULT 20 NOT NULL,
	"allow_member_invite" boolean DEFAULT false NOT NULL,
	"check_in_frequency" text DEFAULT 'weekly' NOT NULL,
	"timezone" text DEFAULT 'UTC' NOT NULL,
	"created_by" uuid,
	"is_active" boolean DEFAULT true NOT NULL,
	"member_count" integer DEFAULT 0 NOT NULL,
	"total_check_ins" integer DEFAULT 0 NOT NULL,
	"average_participation_rate" double precision DEFAULT 0 NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "groups_check_in_frequency_check" CHECK ("groups"."check_in_frequency" in ('daily', 'weekly', 'biweekly')),
	CONSTRAINT "groups_member_count_check" CHECK ("groups"."member_count" between 0 and "groups"."max_members")
);
--> statement-breakpoint
ALTER TABLE "invitations" DROP CONSTRAINT "invitations_kind_check";--> statement-breakpoint
ALTER TABLE "group_invitations" ADD CONSTRAINT "group_invitations_group_id_groups_id_fk" FOREIGN KEY ("group_id") REFERENCES "public"."groups"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "group_invitations" ADD CONSTRAINT "group_invitations_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "group_invitations" ADD CONSTRAINT "group_invitations_inviter_id_users_id_fk" FOREIGN KEY ("inviter_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "group_memberships" ADD CONSTRAINT "group_memberships_group_id_groups_id_fk" FOREIGN KEY ("group_id") REFERENCES "public"."groups"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "group_memberships" ADD CONSTRAINT "group_memberships_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "groups" ADD CONSTRAINT "groups_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "group_invitations_group_id_user_id_key" ON "group_invitations" USING btree ("group_id","user_id");--> statement-breakpoint
CREATE INDEX "group_invitations_user_id_id_idx" ON "group_invitations" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "group_invitations_inviter_id_idx" ON "group_invitations" USING btree ("inviter_id");--> statement-breakpoint
CREATE INDEX "group_invitations_expires_at_idx" ON "group_invitations" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "group_memberships_user_id_status_group_id_idx" ON "group_memberships" USING btree ("user_id","status","group_id");--> statement-breakpoint
CREATE INDEX "group_memberships_group_id_status_joined_at_user_id_idx" ON "group_memberships" USING btree ("group_id","status","joined_at","user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "groups_access_code_key" ON "groups" USING btree ("access_code");--> statement-breakpoint
CREATE INDEX "groups_created_by_idx" ON "groups" USING btree ("created_by");--> statement-breakpoint
CREATE INDEX "groups_deleted_at_idx" ON "groups" USING btree ("deleted_at") WHERE "groups"."deleted_at" is not null;--> statement-breakpoint
-- The rows satisfy the narrower constraint that was dropped, so they are not read under the lock.
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_kind_check" CHECK ("invitations"."kind" in ('draft', 'group')) NOT VALID;