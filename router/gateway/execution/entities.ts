import type { Path } from '../planning/plan.ts';
import { isObject, type JsonObject, type TypeTest } from './values.ts';

export type ResponsePath = readonly (string | number)[];

/** What an object is in: `holder[at]` is the object. */
export type Holder = Record<string | number, unknown>;

type Found = (entity: JsonObject, holder: Holder, at: string | number) => void;

/** Visits every object at a path of the answer, in order. */
export type Visit = (data: JsonObject, found: Found) => void;

/** Compiles a path into the visit of the objects there. */
export function compilePath(path: Path, isOf: TypeTest): Visit {
  const visit = stepsFrom(path, 0, isOf);
  return (data, found) => visit(data, found, { data }, 'data');
}

type Step = (value: unknown, found: Found, holder: Holder, at: string | number) => void;

function stepsFrom(path: Path, at: number, isOf: TypeTest): Step {
  const step = path[at];
  if (step === undefined) return everyObject;
  const next = stepsFrom(path, at + 1, isOf);
  if (step === 'each') {
    return (value, found) => {
      if (Array.isArray(value)) eachOf(value, next, found);
    };
  }
  if ('field' in step) {
    const { field } = step;
    const visit: Step = (value, found) => {
      // A planner leaves out `each` where it knows what follows, and in lists of lists of lists.
      if (Array.isArray(value)) eachOf(value, visit, found);
      else if (isObject(value)) next(value[field], found, value, field);
    };
    return visit;
  }
  const { types } = step;
  const matches = (value: unknown) => isObject(value) && types.some((type) => isOf(value['__typename'], type));
  const visit: Step = (value, found, holder, key) => {
    if (Array.isArray(value)) eachOf(value, visit, found);
    else if (matches(value)) next(value, found, holder, key);
  };
  return visit;
}

function eachOf(list: unknown[], visit: Step, found: Found): void {
  for (let index = 0; index < list.length; index += 1) visit(list[index], found, list as unknown as Holder, index);
}

const everyObject: Step = (value, found, holder, at) => {
  if (Array.isArray(value)) eachOf(value, everyObject, found);
  else if (isObject(value)) found(value, holder, at);
};

/** Where the objects at a path are: for errors only, so it need not be fast. */
export function placesAt(path: Path, data: JsonObject, isOf: TypeTest): Map<JsonObject, ResponsePath[]> {
  const places = new Map<JsonObject, ResponsePath[]>();
  const visit = (value: unknown, at: number, place: ResponsePath): void => {
    if (Array.isArray(value)) {
      const next = path[at] === 'each' ? at + 1 : at;
      value.forEach((item: unknown, index) => visit(item, next, [...place, index]));
      return;
    }
    if (!isObject(value)) return;
    const step = path[at];
    if (step === undefined) places.set(value, [...(places.get(value) ?? []), place]);
    else if (step === 'each') visit(value, at + 1, place);
    else if ('field' in step) visit(value[step.field], at + 1, [...place, step.field]);
    else if (step.types.some((type) => isOf(value['__typename'], type))) visit(value, at + 1, place);
  };
  visit(data, 0, []);
  return places;
}
