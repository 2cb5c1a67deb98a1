/** What `npm start -- --help` prints, and a wrong command line after its problems. */
export const USAGE = `usage: npm start -- [COMMAND] [OPTIONS]

  start                     starts a cluster in the foreground; Ctrl-C ends it
    --replicas N            1 to 16, default 3
    --port P                nginx; default 8080 or the next free one, 0 any
    --console-port P        the console; default 8090 or the next free one, 0 any
    --no-console            without a console
    --keep DIR              keeps the data of Postgres and Redis there
    --protocol P            guarded (default) or naive
    --writes W              bounded, or linearizable: a write waits until no replica can serve the old value
    --staleness MS          the bound, default 1000
    --backend B             auto (default), processes, compose
    --no-install            does not install what is missing
    --json                  prints the status as one line when all is ready
    --logs                  shows what every member writes

  status [--json]           of the cluster that runs
  watch                     shows the cluster live; q or Ctrl-C ends the view
    --json                  one line of JSON a second
    --for S                 ends by itself
  scale N                   1 to 16 replicas; returns when they are ready or gone
  restart NAME              a replica, redis, postgres or nginx; returns when it serves
    --kill                  by SIGKILL
    --lose-data             without its data; redis only
    --down MS               leaves it down for so long
  scenario [NAME]           plays a scenario on the cluster that runs, or on one of its own, without a browser;
                            exit code 0 when it showed what it must; without NAME lists them
    --json                  a line of JSON for each step
  stop                      ends the cluster

  --cluster URL             which one, when several run from this checkout

The environment's LOG_LEVEL and CACHE_... are passed on to the replicas, except where an option says it.
Exit codes: 0 fine, 1 failed with a reason, 2 wrong usage, 3 nothing runs.
`;
