CREATE INDEX "audit_logs_action_id_idx" ON "audit_logs" USING btree ("action","id");--> statement-breakpoint
CREATE INDEX "users_role_id_idx" ON "users" USING btree ("role","id");--> statement-breakpoint
CREATE INDEX "users_is_active_id_idx" ON "users" USING btree ("is_active","id");--> statement-breakpoint
CREATE INDEX "users_role_is_active_id_idx" ON "users" USING btree ("role","is_active","id");