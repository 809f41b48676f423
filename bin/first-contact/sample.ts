export { sampleCourse, SAMPLE_COURSE_ID, SAMPLE_DEPLOYMENT } from "./sample-course.ts";
export { sampleTrackingLog, SAMPLE_DATE } from "./sample-log.ts";
