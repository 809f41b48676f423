/** Column of the id by which the archives know a course: `<org>-<number>-<run>`. The 44 tables have it, too. */
export const EDXORG_COURSE_ID = "edxorg_course_id";
