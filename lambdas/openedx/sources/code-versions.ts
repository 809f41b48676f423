/** Raised by hand when the same bytes would give other rows: then every file that was ever loaded is loaded again. */
export const TRACKING_LOG_CODE = "1";

/** Raised by hand when the rows of the same archive would differ. */
export const COURSE_ARCHIVE_CODE = "3";

/** Raised by hand when the rows of the same structure document would differ. */
export const COURSE_STRUCTURE_CODE = "1";
