CREATE TABLE "presence_leases" (
	"room" text NOT NULL,
	"user_id" uuid NOT NULL,
	"server_id" uuid NOT NULL,
	"entered_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"left_at" timestamp (3) with time zone,
	CONSTRAINT "presence_leases_room_user_id_server_id_pk" PRIMARY KEY("room","user_id","server_id")
);
--> statement-breakpoint
CREATE TABLE "presence_servers" (
	"id" uuid PRIMARY KEY NOT NULL,
	"beat_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "presence_leases" ADD CONSTRAINT "presence_leases_server_id_presence_servers_id_fk" FOREIGN KEY ("server_id") REFERENCES "public"."presence_servers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "presence_leases_server_id_idx" ON "presence_leases" USING btree ("server_id");