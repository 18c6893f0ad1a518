-- Rows of audit_logs go by one function, after 90 days at the earliest, and it records that they went.
CREATE FUNCTION "refuse_loss"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'DELETE' THEN
		IF current_setting('plinth.audit_retention', true) = 'on' AND OLD.created_at < now() - interval '90 days' THEN
			RETURN OLD;
		END IF;
	END IF;
	RAISE EXCEPTION 'rows of % are never deleted before their time', TG_TABLE_NAME;
END
$$;--> statement-breakpoint
CREATE TRIGGER "audit_logs_kept" BEFORE DELETE ON "audit_logs" FOR EACH ROW EXECUTE FUNCTION "refuse_loss"();--> statement-breakpoint
CREATE TRIGGER "audit_logs_not_truncated" BEFORE TRUNCATE ON "audit_logs" FOR EACH STATEMENT EXECUTE FUNCTION "refuse_loss"();--> statement-breakpoint
-- With the rights of its owner, for a server whose own role may add rows and no more.
CREATE FUNCTION "delete_old_audit_logs"("kept" interval, "record_id" uuid, "most" integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
	"deleted" integer;
	"until" timestamptz := now() - "kept";
BEGIN
	IF "kept" < interval '90 days' THEN
		RAISE EXCEPTION 'audit logs are kept for 90 days at least';
	END IF;
	-- By id, which is by time: nothing is read where the oldest one is not old.
	IF NOT EXISTS (SELECT FROM (SELECT created_at FROM audit_logs ORDER BY id LIMIT 1) AS oldest WHERE created_at < "until") THEN
		RETURN 0;
	END IF;
	PERFORM set_config('plinth.audit_retention', 'on', true);
	DELETE FROM audit_logs WHERE id IN (SELECT id FROM audit_logs WHERE created_at < "until" ORDER BY id LIMIT "most");
	GET DIAGNOSTICS "deleted" = ROW_COUNT;
	PERFORM set_config('plinth.audit_retention', 'off', true);
	INSERT INTO audit_logs (id, action, target, after, ip, request_id)
	VALUES ("record_id", 'auditLog.retention', 'auditLog:all', jsonb_build_object('deleted', "deleted", 'until', "until"), NULL, "record_id"::text);
	RETURN "deleted";
END
$$;
