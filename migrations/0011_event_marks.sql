ALTER TABLE "channels" ADD COLUMN "mark" text;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "marked" bigint;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "previous_mark" text;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "mark" text;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "previous_mark" text;