/**
 * Everything that waits, repeats or grows has its limit here, with its unit in its name.
 */

/** Replicas of one cluster: as many slots as nginx lists at its start. */
export const REPLICAS_MAX = 16;
export const REPLICAS_DEFAULT = 3;
export const PUBLIC_PORT_DEFAULT = 8080;
export const CONSOLE_PORT_DEFAULT = 8090;
/** How many ports from a default on are tried when it is taken. */
export const PUBLIC_PORT_TRIES = 100;

/** Pause between two looks of a probe: it begins short, as most things are ready soon, and grows to the second. */
export const PROBE_FIRST_MS = 10;
export const PROBE_LAST_MS = 200;
/** How long one look may take, and the pieces in which that is counted where a look decides by itself. */
export const PROBE_ANSWER_MS = 2_000;
export const PROBE_PIECE_MS = 500;
/** Bytes of an answer that a probe reads. */
export const PROBE_ANSWER_BYTES = 1 << 20;

/** How long anything may take from being started to serving. */
export const READY_LIMIT_MS = 60_000;
/** How long initdb and the migration may run. */
export const ERRAND_LIMIT_MS = 120_000;
/** How long a new epoch's quarantine is waited for, besides four times the bound. */
export const QUARANTINE_LIMIT_MS = 60_000;
/** How long nginx passes over a replica that it could not reach: `fail_timeout`, which it counts in whole seconds. */
export const NGINX_PASSES_OVER_MS = 2_000;
/** How long after its unasked end a child is started again. */
export const REVIVE_DELAY_MS = 1_000;
/** The longest a member may be asked to stay down. */
export const DOWN_LIMIT_MS = 600_000;
/** Orders (restart, scale) that may wait for the same member; the next is refused. */
export const ORDERS_WAITING = 16;

/** How long a replica may drain, and a server shut down, when the cluster goes on without it. */
export const DRAIN_LIMIT_MS = 15_000;
export const SHUTDOWN_LIMIT_MS = 5_000;
/**
 * The promise is that nothing is left 3 s after Ctrl-C: replicas have this long, and so has the console, which ends
 * beside them; servers have that, the rest is removing.
 */
export const STOP_REPLICAS_MS = 1_200;
export const STOP_SERVERS_MS = 600;
/** How long the end of a process that was sent SIGKILL is waited for. */
export const KILL_LIMIT_MS = 10_000;

/** Bytes of one log file before all but its end is dropped, what is kept of it then, and what a report shows. */
export const LOG_BYTES = 8 << 20;
export const LOG_KEEP_BYTES = 256 << 10;
export const LOG_REPORT_BYTES = 4 << 10;
export const LOG_REPORT_LINES = 20;
/** How often logs are looked at: to keep them bounded, and to show them when asked to. */
export const LOG_CHECK_MS = 1_000;
export const LOG_SHOW_MS = 150;

/** Bytes of one message on the control socket, and how long its sender may take. */
export const CONTROL_MESSAGE_BYTES = 64 << 10;
export const CONTROL_REQUEST_MS = 5_000;
/** How long the launcher may take for an order, besides the time that a member is asked to stay down. */
export const CONTROL_ANSWER_MS = 300_000;
export const CONTROL_CONNECTIONS = 32;
/** Orders of one session that are obeyed at a time, and bytes of replies that its client may leave unread. */
export const CONTROL_ORDERS = 64;
export const CONTROL_UNREAD_BYTES = 1 << 20;
/** How often whoever watches a cluster from another process asks for its status. */
export const CONTROL_WATCH_MS = 1_000;

/** How long a console may take to answer, and how soon its stream is opened again after it broke. */
export const CONSOLE_ANSWER_MS = 10_000;
export const CONSOLE_REOPEN_MS = 500;
/** How long a scenario may take: it restarts every replica two times, and waits for quarantines. */
export const SCENARIO_LIMIT_MS = 600_000;

/** Connections of one link, and bytes that it holds per connection and direction. */
export const LINK_CONNECTIONS = 1_024;
export const LINK_BUFFER_BYTES = 1 << 20;
/** What a chunk counts for at least: there may not be a million of one byte. */
export const LINK_CHUNK_BYTES = 256;
/** What a link reads from a server at a time. */
export const LINK_READ_BYTES = 1 << 16;
/** What a link under a limit forwards at a time: as much as it may in so long. */
export const LINK_SLICE_MS = 20;
/** The longest delay and the highest limit, in bytes per second, of a link. */
export const LINK_DELAY_MOST_MS = 3_600_000;
export const LINK_RATE_MOST = 1e9;
/** How long a link that was down tries to listen on its port again. */
export const LINK_LISTEN_MS = 5_000;

/** How long packages may take to install. */
export const INSTALL_LIMIT_MS = 600_000;

/** How long the engine may take to say that it is there, to answer what it is asked, and to obey an order of Compose. */
export const ENGINE_LOOK_MS = 5_000;
export const ENGINE_ANSWER_MS = 30_000;
export const COMPOSE_ORDER_MS = 120_000;
/** How long Compose may take to start everything, when images have to be fetched and built. */
export const COMPOSE_UP_MS = 600_000;
/** Bytes of what docker says that are kept, and lines of it that an error repeats. */
export const DOCKER_OUTPUT_BYTES = 4 << 20;
export const DOCKER_REPORT_LINES = 12;
