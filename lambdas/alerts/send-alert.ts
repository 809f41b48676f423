import { randomUUID } from "node:crypto";
import { AlertEvent } from "../../core/model/alerts/alert-event.ts";
import { task } from "../../core/task.ts";
import { announce } from "./announce.ts";

/** Keeps an alert, and tells Slack of it when a message is due. Without a secret it is kept, and that is a success. */
export const handler = task({
  name: "SendAlert",
  input: AlertEvent,
  run: (event, { io, settings, run }) =>
    announce(event, {
      io,
      environment: settings.environment,
      holder: `${run.id}/${run.state}/${run.attempt}/${randomUUID()}`,
    }),
});
