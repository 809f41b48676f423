import { registerHooks } from "node:module";
import * as z from "zod";

/** Connects with the settings given as JSON, puts one object, and prints which modules that took. */
const loaded = new Set<string>();
registerHooks({
  resolve(specifier, context, next) {
    loaded.add(specifier);
    return next(specifier, context);
  },
});
const { connect } = await import("../../../core/io/connect.ts");
const io = await connect(z.any().parse(JSON.parse(process.argv[2] ?? "")));
const code = await io.objects.put("millrace-dev-landing", "k", "v").then(
  () => "done",
  (error: unknown) => (error instanceof Error && "code" in error ? error.code : String(error)),
);
console.log(JSON.stringify({ code, loaded: [...loaded] }));
