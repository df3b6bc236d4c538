/** Tables as real products define them, shortened: `heavy` is what somebody who runs the product would say. */
export interface NewTable {
  readonly heavy: boolean;
  readonly of: string;
  readonly sql: string;
}

const heavy = (of: string, sql: string): NewTable => ({ heavy: true, of, sql });
const light = (of: string, sql: string): NewTable => ({ heavy: false, of, sql });

export const NEW_TABLES: readonly NewTable[] = [
  heavy(
    'Supabase Auth',
    `CREATE TABLE auth.audit_log_entries (instance_id uuid, id uuid NOT NULL, payload json, created_at timestamptz, ip_address varchar(64) NOT NULL DEFAULT '', CONSTRAINT audit_log_entries_pkey PRIMARY KEY (id));`,
  ),
  heavy(
    'Supabase Auth',
    `CREATE TABLE auth.sessions (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES auth.users, created_at timestamptz, updated_at timestamptz, not_after timestamptz, refreshed_at timestamp, user_agent text, ip inet);`,
  ),
  light(
    'Supabase Auth',
    `CREATE TABLE auth.users (instance_id uuid, id uuid PRIMARY KEY, aud varchar(255), role varchar(255), email varchar(255) UNIQUE, encrypted_password varchar(255), confirmed_at timestamptz, invited_at timestamptz, recovery_token varchar(255), last_sign_in_at timestamptz, raw_app_meta_data jsonb, raw_user_meta_data jsonb, is_super_admin boolean, created_at timestamptz, updated_at timestamptz);`,
  ),
  light(
    'Supabase Auth',
    `CREATE TABLE auth.identities (id text NOT NULL, user_id uuid NOT NULL, identity_data jsonb NOT NULL, provider text NOT NULL, last_sign_in_at timestamptz, created_at timestamptz, updated_at timestamptz, PRIMARY KEY (provider, id));`,
  ),
  heavy(
    'Discourse',
    `CREATE TABLE topic_views (topic_id integer NOT NULL, viewed_at date NOT NULL, user_id integer, ip_address inet);\nCREATE INDEX ON topic_views (topic_id);`,
  ),
  heavy(
    'Discourse',
    `CREATE TABLE user_visits (id serial PRIMARY KEY, user_id integer NOT NULL, visited_at date NOT NULL, posts_read integer DEFAULT 0, mobile boolean DEFAULT false, time_read integer NOT NULL DEFAULT 0);`,
  ),
  heavy(
    'Discourse',
    `CREATE TABLE email_logs (id serial PRIMARY KEY, to_address varchar NOT NULL, email_type varchar NOT NULL, user_id integer, created_at timestamp NOT NULL, updated_at timestamp NOT NULL, post_id integer, bounce_key uuid, bounced boolean, message_id varchar, raw_headers text, ip_address inet);`,
  ),
  light(
    'Discourse',
    `CREATE TABLE badges (id serial PRIMARY KEY, name varchar NOT NULL, description text, badge_type_id integer NOT NULL, grant_count integer DEFAULT 0 NOT NULL, created_at timestamp NOT NULL, updated_at timestamp NOT NULL, icon varchar);`,
  ),
  light(
    'Discourse',
    `CREATE TABLE categories (id serial PRIMARY KEY, name varchar(50) NOT NULL, color varchar(6), topic_count integer DEFAULT 0, created_at timestamp NOT NULL, updated_at timestamp NOT NULL, slug varchar NOT NULL, description text, position integer);`,
  ),
  light(
    'Discourse',
    `CREATE TABLE topic_tags (id serial PRIMARY KEY, topic_id integer NOT NULL, tag_id integer NOT NULL, created_at timestamp, updated_at timestamp);`,
  ),
  heavy(
    'GitLab',
    `CREATE TABLE web_hook_logs (id bigint NOT NULL, web_hook_id integer NOT NULL, trigger varchar, url varchar, request_headers text, request_data text, response_body text, response_status varchar, execution_duration double precision, created_at timestamp without time zone NOT NULL, updated_at timestamp without time zone NOT NULL) PARTITION BY RANGE (created_at);`,
  ),
  heavy(
    'GitLab',
    `CREATE TABLE audit_events (id bigint NOT NULL, author_id bigint NOT NULL, entity_id bigint NOT NULL, entity_type varchar NOT NULL, details text, ip_address inet, author_name text, created_at timestamp NOT NULL) PARTITION BY RANGE (created_at);`,
  ),
  heavy(
    'GitLab',
    `CREATE TABLE events (project_id integer, author_id integer NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, action smallint NOT NULL, target_type varchar, group_id bigint, fingerprint bytea, id bigint NOT NULL, target_id bigint);`,
  ),
  light(
    'GitLab',
    `CREATE TABLE project_settings (project_id integer PRIMARY KEY, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, push_rule_id bigint, show_default_award_emojis boolean DEFAULT true);`,
  ),
  light(
    'GitLab',
    `CREATE TABLE labels (id serial PRIMARY KEY, title varchar, color varchar, project_id integer, created_at timestamp, updated_at timestamp, template boolean DEFAULT false, description varchar, type varchar);`,
  ),
  light(
    'GitLab',
    `CREATE TABLE merge_requests (id serial PRIMARY KEY, target_branch varchar NOT NULL, source_branch varchar NOT NULL, author_id integer, assignee_id integer, title varchar, created_at timestamp, updated_at timestamp, state_id smallint, description text);`,
  ),
  heavy(
    'Mastodon',
    `CREATE TABLE notifications (id bigserial PRIMARY KEY, activity_id bigint NOT NULL, activity_type varchar NOT NULL, created_at timestamp NOT NULL, updated_at timestamp NOT NULL, account_id bigint NOT NULL, from_account_id bigint NOT NULL, type varchar);`,
  ),
  light(
    'Mastodon',
    `CREATE TABLE custom_emojis (id bigserial PRIMARY KEY, shortcode varchar NOT NULL DEFAULT '', domain varchar, created_at timestamp NOT NULL, updated_at timestamp NOT NULL, disabled boolean NOT NULL DEFAULT false);`,
  ),
  light(
    'Mastodon',
    `CREATE TABLE account_notes (id bigserial PRIMARY KEY, account_id bigint, target_account_id bigint, comment text NOT NULL, created_at timestamp NOT NULL, updated_at timestamp NOT NULL);`,
  ),
  light(
    'Mastodon',
    `CREATE TABLE follow_requests (id bigserial PRIMARY KEY, created_at timestamp NOT NULL, updated_at timestamp NOT NULL, account_id bigint NOT NULL, target_account_id bigint NOT NULL, uri varchar);`,
  ),
  heavy(
    'graphile-worker',
    `CREATE TABLE graphile_worker.jobs (id bigserial PRIMARY KEY, queue_name text DEFAULT public.gen_random_uuid()::text, task_identifier text NOT NULL, payload json DEFAULT '{}'::json NOT NULL, priority int DEFAULT 0 NOT NULL, run_at timestamptz DEFAULT now() NOT NULL, attempts int DEFAULT 0 NOT NULL, last_error text, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now());`,
  ),
  light(
    'graphile-worker',
    `CREATE TABLE graphile_worker.tasks (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, identifier text NOT NULL UNIQUE CHECK (length(identifier) <= 128));`,
  ),
  light(
    'graphile-worker',
    `CREATE TABLE graphile_worker.known_crontabs (identifier text PRIMARY KEY, known_since timestamptz NOT NULL, last_execution timestamptz);`,
  ),
  heavy(
    'Oban',
    `CREATE TABLE oban_jobs (id bigserial PRIMARY KEY, state oban_job_state NOT NULL DEFAULT 'available', queue text NOT NULL DEFAULT 'default', worker text NOT NULL, args jsonb NOT NULL, errors jsonb[] NOT NULL DEFAULT ARRAY[]::jsonb[], attempt int NOT NULL DEFAULT 0, max_attempts int NOT NULL DEFAULT 20, inserted_at timestamp NOT NULL DEFAULT now(), scheduled_at timestamp NOT NULL DEFAULT now(), attempted_at timestamp, completed_at timestamp);`,
  ),
  heavy(
    'Solid Queue',
    `CREATE TABLE solid_queue_jobs (id bigserial PRIMARY KEY, queue_name varchar NOT NULL, class_name varchar NOT NULL, arguments text, priority integer DEFAULT 0 NOT NULL, active_job_id varchar, scheduled_at timestamp(6), finished_at timestamp(6), concurrency_key varchar, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);`,
  ),
  heavy(
    'Delayed::Job',
    `CREATE TABLE delayed_jobs (id serial PRIMARY KEY, priority integer DEFAULT 0, attempts integer DEFAULT 0, handler text, last_error text, run_at timestamp, locked_at timestamp, failed_at timestamp, locked_by varchar, queue varchar, created_at timestamp, updated_at timestamp);`,
  ),
  heavy(
    'Laravel',
    `CREATE TABLE jobs (id bigserial PRIMARY KEY, queue varchar(255) NOT NULL, payload text NOT NULL, attempts smallint NOT NULL, reserved_at integer, available_at integer NOT NULL, created_at integer NOT NULL);\nCREATE INDEX jobs_queue_index ON jobs (queue);`,
  ),
  heavy(
    'Laravel',
    `CREATE TABLE sessions (id varchar(255) PRIMARY KEY, user_id bigint, ip_address varchar(45), user_agent text, payload text NOT NULL, last_activity integer NOT NULL);`,
  ),
  heavy(
    'Laravel',
    `CREATE TABLE cache (key varchar(255) PRIMARY KEY, value text NOT NULL, expiration integer NOT NULL);`,
  ),
  light(
    'Laravel',
    `CREATE TABLE password_reset_tokens (email varchar(255) PRIMARY KEY, token varchar(255) NOT NULL, created_at timestamp(0));`,
  ),
  light(
    'Laravel',
    `CREATE TABLE role_has_permissions (permission_id bigint NOT NULL, role_id bigint NOT NULL, PRIMARY KEY (permission_id, role_id));`,
  ),
  heavy(
    'spatie/activitylog',
    `CREATE TABLE activity_log (id bigserial PRIMARY KEY, log_name varchar(255), description text NOT NULL, subject_type varchar(255), subject_id bigint, causer_type varchar(255), causer_id bigint, properties json, event varchar(255), created_at timestamp(0), updated_at timestamp(0));`,
  ),
  heavy(
    'connect-pg-simple',
    `CREATE TABLE "session" ("sid" varchar NOT NULL COLLATE "default", "sess" json NOT NULL, "expire" timestamp(6) NOT NULL);\nALTER TABLE "session" ADD CONSTRAINT "session_pkey" PRIMARY KEY ("sid");`,
  ),
  heavy(
    'Auth.js',
    `CREATE TABLE "Session" ("id" TEXT NOT NULL, "sessionToken" TEXT NOT NULL, "userId" TEXT NOT NULL, "expires" TIMESTAMP(3) NOT NULL, CONSTRAINT "Session_pkey" PRIMARY KEY ("id"));`,
  ),
  light(
    'Auth.js',
    `CREATE TABLE "Account" ("id" TEXT NOT NULL, "userId" TEXT NOT NULL, "type" TEXT NOT NULL, "provider" TEXT NOT NULL, "providerAccountId" TEXT NOT NULL, "refresh_token" TEXT, "access_token" TEXT, "expires_at" INTEGER, CONSTRAINT "Account_pkey" PRIMARY KEY ("id"));`,
  ),
  light(
    'Auth.js',
    `CREATE TABLE "VerificationToken" ("identifier" TEXT NOT NULL, "token" TEXT NOT NULL, "expires" TIMESTAMP(3) NOT NULL);`,
  ),
  heavy(
    'Umami',
    `CREATE TABLE website_event (event_id uuid PRIMARY KEY, website_id uuid NOT NULL, session_id uuid NOT NULL, created_at timestamptz(6) DEFAULT CURRENT_TIMESTAMP, url_path varchar(500) NOT NULL, url_query varchar(500), referrer_path varchar(500), event_type integer NOT NULL DEFAULT 1, event_name varchar(50));\nCREATE INDEX ON website_event (created_at);\nCREATE INDEX ON website_event (session_id);\nCREATE INDEX ON website_event (website_id);`,
  ),
  light(
    'Umami',
    `CREATE TABLE website (website_id uuid PRIMARY KEY, name varchar(100) NOT NULL, domain varchar(500), share_id varchar(50) UNIQUE, reset_at timestamptz(6), user_id uuid, created_at timestamptz(6) DEFAULT CURRENT_TIMESTAMP, updated_at timestamptz(6));`,
  ),
  heavy(
    'ahoy',
    `CREATE TABLE ahoy_events (id bigserial PRIMARY KEY, visit_id bigint, user_id bigint, name varchar, properties jsonb, "time" timestamp);\nCREATE INDEX ON ahoy_events (name, "time");`,
  ),
  heavy(
    'paper_trail',
    `CREATE TABLE versions (id bigserial PRIMARY KEY, item_type varchar NOT NULL, item_id bigint NOT NULL, event varchar NOT NULL, whodunnit varchar, object text, created_at timestamp);`,
  ),
  heavy(
    'Timescale tutorial',
    `CREATE TABLE conditions (time timestamptz NOT NULL, location text NOT NULL, temperature double precision, humidity double precision);`,
  ),
  heavy(
    'Timescale tutorial',
    `CREATE TABLE stocks_real_time (time timestamptz NOT NULL, symbol text NOT NULL, price double precision, day_volume int);`,
  ),
  heavy(
    'Prisma app',
    `CREATE TABLE "WebhookDelivery" ("id" TEXT NOT NULL, "endpointId" TEXT NOT NULL, "eventType" TEXT NOT NULL, "payload" JSONB NOT NULL, "statusCode" INTEGER, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "WebhookDelivery_pkey" PRIMARY KEY ("id"));`,
  ),
  light(
    'Prisma app',
    `CREATE TABLE "WebhookEndpoint" ("id" TEXT NOT NULL, "url" TEXT NOT NULL, "secret" TEXT NOT NULL, "enabled" BOOLEAN NOT NULL DEFAULT true, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" TIMESTAMP(3) NOT NULL, CONSTRAINT "WebhookEndpoint_pkey" PRIMARY KEY ("id"));`,
  ),
  light(
    'Cal.com',
    `CREATE TABLE "Booking" ("id" SERIAL NOT NULL, "uid" TEXT NOT NULL, "userId" INTEGER, "eventTypeId" INTEGER, "title" TEXT NOT NULL, "description" TEXT, "startTime" TIMESTAMP(3) NOT NULL, "endTime" TIMESTAMP(3) NOT NULL, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" TIMESTAMP(3), CONSTRAINT "Booking_pkey" PRIMARY KEY ("id"));`,
  ),
  light(
    'Cal.com',
    `CREATE TABLE "EventType" ("id" SERIAL NOT NULL, "title" TEXT NOT NULL, "slug" TEXT NOT NULL, "description" TEXT, "length" INTEGER NOT NULL, "hidden" BOOLEAN NOT NULL DEFAULT false, PRIMARY KEY ("id"));`,
  ),
  heavy(
    'Mattermost',
    `CREATE TABLE channelmemberhistory (channelid varchar(26) NOT NULL, userid varchar(26) NOT NULL, jointime bigint NOT NULL, leavetime bigint, PRIMARY KEY (channelid, userid, jointime));`,
  ),
  heavy(
    'Mattermost',
    `CREATE TABLE audits (id varchar(26) PRIMARY KEY, createat bigint, userid varchar(26), action varchar(512), extrainfo varchar(1024), ipaddress varchar(64), sessionid varchar(26));`,
  ),
  heavy(
    'Mattermost',
    `CREATE TABLE sessions (id varchar(26) PRIMARY KEY, token varchar(26), createat bigint, expiresat bigint, lastactivityat bigint, userid varchar(26), deviceid varchar(512), roles varchar(64), isoauth boolean, props varchar(1000));`,
  ),
  light(
    'Mattermost',
    `CREATE TABLE teams (id varchar(26) PRIMARY KEY, createat bigint, updateat bigint, deleteat bigint, displayname varchar(64), name varchar(64) UNIQUE, description varchar(255), email varchar(128), type varchar(255));`,
  ),
  light(
    'Mattermost',
    `CREATE TABLE preferences (userid varchar(26) NOT NULL, category varchar(32) NOT NULL, name varchar(32) NOT NULL, value varchar(2000), PRIMARY KEY (userid, category, name));`,
  ),
  heavy(
    'n8n',
    `CREATE TABLE execution_entity (id serial PRIMARY KEY, data text NOT NULL, finished boolean NOT NULL, mode varchar NOT NULL, "retryOf" varchar, "startedAt" timestamp NOT NULL, "stoppedAt" timestamp, "workflowData" json NOT NULL, "workflowId" varchar);`,
  ),
  light(
    'n8n',
    `CREATE TABLE workflow_entity (id serial PRIMARY KEY, name varchar(128) NOT NULL, active boolean NOT NULL, nodes json NOT NULL, connections json NOT NULL, "createdAt" timestamp NOT NULL, "updatedAt" timestamp NOT NULL, settings json, "staticData" json);`,
  ),
  heavy(
    'transactional outbox',
    `CREATE TABLE outbox (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), aggregate_type text NOT NULL, aggregate_id text NOT NULL, type text NOT NULL, payload jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), published_at timestamptz);`,
  ),
  heavy(
    'event sourcing',
    `CREATE TABLE event_store (global_position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream_id uuid NOT NULL, version bigint NOT NULL, event_type text NOT NULL, data jsonb NOT NULL, metadata jsonb, recorded_at timestamptz NOT NULL DEFAULT now(), UNIQUE (stream_id, version));`,
  ),
  heavy(
    'chat',
    `CREATE TABLE messages (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, channel_id bigint NOT NULL, author_id bigint NOT NULL, content text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), edited_at timestamptz);`,
  ),
  heavy(
    'Stripe mirror',
    `CREATE TABLE stripe_webhooks (id bigserial PRIMARY KEY, event_type text NOT NULL, payload jsonb NOT NULL, received_at timestamptz NOT NULL DEFAULT now(), processed_at timestamptz);`,
  ),
  heavy(
    'rate limiter',
    `CREATE UNLOGGED TABLE request_counters (key text NOT NULL, window_start timestamptz NOT NULL, hits integer NOT NULL DEFAULT 0, PRIMARY KEY (key, window_start));`,
  ),
  heavy(
    'cache',
    `CREATE UNLOGGED TABLE cache_entries (key text PRIMARY KEY, value jsonb NOT NULL, expires_at timestamptz NOT NULL);`,
  ),
  heavy(
    'telemetry',
    `CREATE TABLE device_positions (device_id bigint NOT NULL, recorded_at timestamptz NOT NULL, lat double precision NOT NULL, lon double precision NOT NULL, PRIMARY KEY (device_id, recorded_at));`,
  ),
  heavy(
    'tracing',
    `CREATE TABLE spans (trace_id text NOT NULL, span_id text NOT NULL, parent_id text, name text NOT NULL, start_time timestamptz NOT NULL, duration_ms double precision NOT NULL, attributes jsonb, PRIMARY KEY (trace_id, span_id));`,
  ),
  heavy(
    'HTTP log',
    `CREATE TABLE api_requests (id bigserial, method text, path text, status_code int, duration_ms int, ip inet, created_at timestamptz DEFAULT now());`,
  ),
  light(
    'shop',
    `CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id bigint NOT NULL, total numeric(12,2) NOT NULL, status text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());`,
  ),
  light(
    'shop',
    `CREATE TABLE order_items (order_id bigint NOT NULL REFERENCES orders, product_id bigint NOT NULL, quantity int NOT NULL, price numeric(12,2) NOT NULL, PRIMARY KEY (order_id, product_id));`,
  ),
  light(
    'shop',
    `CREATE TABLE products (id bigserial PRIMARY KEY, sku text UNIQUE NOT NULL, name text NOT NULL, description text, attributes jsonb NOT NULL DEFAULT '{}', created_at timestamptz DEFAULT now());`,
  ),
  light(
    'shop',
    `CREATE TABLE payments (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), order_id bigint NOT NULL, amount numeric NOT NULL, status text NOT NULL, type text NOT NULL, ip inet, metadata jsonb, created_at timestamptz NOT NULL DEFAULT now());`,
  ),
  light(
    'shop',
    `CREATE TABLE exchange_rates (day date NOT NULL, currency char(3) NOT NULL, rate numeric NOT NULL, PRIMARY KEY (day, currency));`,
  ),
  light('shop', `CREATE TABLE countries (code char(2) PRIMARY KEY, name text NOT NULL, currency text);`),
  light(
    'CMS',
    `CREATE TABLE comments (id bigserial PRIMARY KEY, commentable_type text NOT NULL, commentable_id bigint NOT NULL, author_id bigint, body text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());`,
  ),
  light(
    'CMS',
    `CREATE TABLE document_versions (id bigserial PRIMARY KEY, document_id bigint NOT NULL, version int NOT NULL, content text NOT NULL, author_id bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (document_id, version));`,
  ),
  light(
    'calendar',
    `CREATE TABLE events (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), title text NOT NULL, description text, location text, starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL, created_at timestamptz NOT NULL DEFAULT now());`,
  ),
  light(
    'job board',
    `CREATE TABLE jobs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, company_id bigint NOT NULL, title text NOT NULL, description text NOT NULL, salary_min int, salary_max int, created_at timestamptz NOT NULL DEFAULT now());`,
  ),
  light(
    'scheduler',
    `CREATE TABLE scheduled_jobs (id serial PRIMARY KEY, name text NOT NULL, cron text NOT NULL, enabled boolean NOT NULL DEFAULT true, queue text, next_run_at timestamptz, last_run_at timestamptz);`,
  ),
  light(
    'school',
    `CREATE TABLE sessions (id bigserial PRIMARY KEY, course_id bigint NOT NULL, room text, starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL, created_at timestamptz NOT NULL DEFAULT now());`,
  ),
  light(
    'BI',
    `CREATE TABLE saved_views (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL, name text NOT NULL, filters jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now());`,
  ),
  light(
    'social',
    `CREATE TABLE friend_requests (id bigserial PRIMARY KEY, from_user bigint NOT NULL, to_user bigint NOT NULL, status text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());`,
  ),
  light(
    'settings',
    `CREATE TABLE notification_settings (user_id bigint PRIMARY KEY, email boolean NOT NULL DEFAULT true, push boolean NOT NULL DEFAULT true, updated_at timestamptz NOT NULL DEFAULT now());`,
  ),
  light('settings', `CREATE TABLE app_config (key text PRIMARY KEY, value jsonb NOT NULL, updated_at timestamptz);`),
  light(
    'feature flags',
    `CREATE TABLE feature_flags (id serial PRIMARY KEY, name text UNIQUE NOT NULL, enabled boolean NOT NULL DEFAULT false, rules jsonb, created_at timestamptz DEFAULT now());`,
  ),
  light(
    'invitations',
    `CREATE TABLE invitations (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text NOT NULL, token text NOT NULL UNIQUE, invited_by uuid NOT NULL, expires_at timestamptz NOT NULL, accepted_at timestamptz, created_at timestamptz NOT NULL DEFAULT now());`,
  ),
  light(
    'API',
    `CREATE TABLE api_keys (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL, name text NOT NULL, hashed_key text NOT NULL UNIQUE, last_used_at timestamptz, expires_at timestamptz, created_at timestamptz NOT NULL DEFAULT now());`,
  ),
  light(
    'Devise',
    `CREATE TABLE users (id bigserial PRIMARY KEY, email varchar DEFAULT '' NOT NULL, encrypted_password varchar NOT NULL, sign_in_count integer DEFAULT 0, current_sign_in_at timestamp, current_sign_in_ip varchar, failed_attempts integer DEFAULT 0 NOT NULL, unlock_token varchar, locked_at timestamp, created_at timestamp NOT NULL, updated_at timestamp NOT NULL);`,
  ),
  light('Rails', `CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY);`),
  light(
    'Rails',
    `CREATE TABLE active_storage_blobs (id bigserial PRIMARY KEY, key varchar NOT NULL, filename varchar NOT NULL, content_type varchar, metadata text, service_name varchar NOT NULL, byte_size bigint NOT NULL, checksum varchar, created_at timestamp(6) NOT NULL);`,
  ),
  light(
    'goose',
    `CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp DEFAULT now());`,
  ),
  light(
    'tags',
    `CREATE TABLE taggings (tag_id bigint NOT NULL, post_id bigint NOT NULL, PRIMARY KEY (tag_id, post_id));`,
  ),
  light('audit', `CREATE TABLE audit_event_types (id smallint PRIMARY KEY, name text NOT NULL);`),
  light('log', `CREATE TABLE log_levels (level smallint PRIMARY KEY, name text NOT NULL);`),
];
