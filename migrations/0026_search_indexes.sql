-- compatible from: 0023_settled_alert_indexes
CREATE INDEX CONCURRENTLY "conversations_words_idx" ON "conversations" USING gin (search_words(coalesce("title", ''), right("user_id"::text, 12))) WITH (fastupdate=false);--> statement-breakpoint
CREATE INDEX CONCURRENTLY "messages_user_id_created_at_idx" ON "messages" USING btree ("user_id","created_at" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX CONCURRENTLY "messages_words_idx" ON "messages" USING gin (search_words("content", right("user_id"::text, 12))) WITH (fastupdate=false);--> statement-breakpoint
CREATE INDEX CONCURRENTLY "draft_segments_words_idx" ON "draft_segments" USING gin (search_words("text", right("draft_id"::text, 12))) WITH (fastupdate=false);--> statement-breakpoint
CREATE INDEX CONCURRENTLY "drifts_words_idx" ON "drifts" USING gin (search_words("resource_id" || ' ' || "resource_type" || ' ' || "provider" || ' ' || coalesce("region", '') || ' ' || "external_id", '')) WITH (fastupdate=false);--> statement-breakpoint
CREATE INDEX CONCURRENTLY "tasks_user_id_updated_at_idx" ON "tasks" USING btree ("user_id","updated_at" DESC NULLS FIRST) WHERE "tasks"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX CONCURRENTLY "tasks_words_idx" ON "tasks" USING gin (search_words("title" || ' ' || coalesce("description", ''), right("user_id"::text, 12))) WITH (fastupdate=false);--> statement-breakpoint
DROP INDEX CONCURRENTLY "messages_user_id_idx";