import { createHash } from "node:crypto";

/** The trailing slash is part of the route: without it the receiver answers 405. */
export const CONTENT_FILES_ROUTE = "/api/v1/webhooks/content_files/";

export const DELETE_ROUTE = "/api/v1/webhooks/content_files/delete/";

export interface DeliveryIdentity {
  readonly route: string;
  readonly source: string;
  /** Course id. */
  readonly subject: string;
  readonly contentDigest: string;
}

/** One delivery per subject and content version, whoever asks for it and how often. */
export const deliveryKey = ({ route, source, subject, contentDigest }: DeliveryIdentity): string =>
  createHash("sha256")
    .update(route + source + subject + contentDigest)
    .digest("hex");
