/** What a run is about. */
export interface ItemKey {
  /** `mitxonline/openedx/raw_data/course_xml` */
  readonly asset: string;
  /** One key of the asset as text (partition-key.ts). */
  readonly partition: string;
}
