/**
 * What all SDK clients share. Three attempts within a second or so are transport; waiting for a service to
 * recover is the state machine's `Retry`. Region, credentials and endpoint come from the environment by
 * AWS's own rules (AWS_REGION, AWS_ENDPOINT_URL, ...).
 */
export const CLIENT = {
  maxAttempts: 3,
  requestHandler: {
    connectionTimeout: 5_000,
    /** To the response's head; a body may take longer, but not be silent for longer than the next line. */
    requestTimeout: 60_000,
    throwOnRequestTimeout: true,
    socketTimeout: 60_000,
  },
};
