-- compatible from: 0023_settled_alert_indexes
-- The words of a text as indexes hold them, each after its scope: without accents, letter case and punctuation, so that "web_01" is two words.
-- Indexes store what it returns, so it is never changed: another one gets another name and other indexes.
-- Its cost, about that of a page of text, makes the planner read an index instead of calling it for the rows of a table.
CREATE FUNCTION "search_words"("words" text, "scope" text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5000 AS $$
	SELECT array_to_tsvector(ARRAY(
		SELECT "scope" || left(lexeme, 60) FROM unnest(to_tsvector('pg_catalog.simple', regexp_replace(
			regexp_replace(normalize("words", NFKD), '[\u0300-\u036f]', '', 'g'),
			'[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+', ' ', 'g'
		)))
	))
$$;--> statement-breakpoint
-- Fits what has each of "words" as the beginning of a word, in one of "scopes". Null where there are no words or no scopes.
-- Of many words it takes the eight longest ones, which select most.
CREATE FUNCTION "search_query"("words" text, "scopes" text[]) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
	SELECT string_agg("of_scope", ' | ')::tsquery FROM unnest("scopes") AS "scope" CROSS JOIN LATERAL (
		SELECT '(' || string_agg('''' || "scope" || "word" || ''':*', ' & ') || ')' AS "of_scope" FROM (
			SELECT "word" FROM unnest(tsvector_to_array(public.search_words("words", ''))) AS "word" ORDER BY length("word") DESC, "word" LIMIT 8
		) AS "longest"
	) AS "scoped"
$$;
