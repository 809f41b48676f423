/** The package ships no declarations. */
declare module "asl-validator" {
  interface Options {
    readonly checkArn: boolean;
    readonly checkPaths: boolean;
  }
  interface Result {
    readonly errors: readonly { readonly "Error code": string; readonly Message: string }[];
  }
  export default function validate(definition: object, options: Options): Result;
}
