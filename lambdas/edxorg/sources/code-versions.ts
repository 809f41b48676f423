/** Raised by hand when the same archive would give other objects: then every archive is unpacked again. */
export const EDXORG_ARCHIVE_CODE = "1";
/** Raised by hand when the same objects would give other rows: then every table is loaded again. */
export const EDXORG_TABLES_CODE = "1";

/** Raised by hand when the same list would give other rows. */
export const EDXORG_CATALOGUE_CODE = "1";
