/*
 * test_door_routes.c - which row of routes.def a request meets.
 */
#include "engine/door/routes.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/engine/run_suite.h"

#define JSON  "application/json"
#define LINES "application/x-ndjson"

static const struct {
    const char *method, *path, *type;
    enum route_result result;
    const char *pattern; /* of the row that is found */
    const char *param;   /* the first */
} cases[] = {
    {"GET", "/healthz", "", ROUTE_FOUND, "/healthz", ""},
    {"HEAD", "/healthz", "", ROUTE_FOUND, "/healthz", ""},
    {"POST", "/healthz", "", ROUTE_NO_METHOD, NULL, ""},
    {"GET", "/", "", ROUTE_NO_PATH, NULL, ""},
    {"GET", "", "", ROUTE_NO_PATH, NULL, ""},
    {"GET", "/healthz/", "", ROUTE_NO_PATH, NULL, ""},
    {"GET", "/healthzz", "", ROUTE_NO_PATH, NULL, ""},
    {"GET", "/v1/messages/msg_1", "", ROUTE_FOUND, "/v1/messages/{id}",
     "msg_1"},
    {"GET", "/v1/messages/", "", ROUTE_NO_PATH, NULL, ""},
    {"GET", "/v1/messages/a/b", "", ROUTE_NO_PATH, NULL, ""},
    {"POST", "/v1/messages/m/cancel", JSON, ROUTE_FOUND,
     "/v1/messages/{id}/cancel", "m"},
    {"POST", "/v1/messages/m/cancel", "", ROUTE_FOUND,
     "/v1/messages/{id}/cancel", "m"},
    {"POST", "/v1/messages", "image/png", ROUTE_NO_TYPE, NULL, ""},
    {"POST", "/v1/messages", "application/jsonx", ROUTE_NO_TYPE, NULL, ""},
    {"PUT", "/v1/campaigns/c/recipients", "", ROUTE_FOUND,
     "/v1/campaigns/{id}/recipients", "c"},
    {"PUT", "/v1/campaigns/c/recipients", "Text/CSV; charset=utf-8",
     ROUTE_FOUND, "/v1/campaigns/{id}/recipients", "c"},
    {"PUT", "/v1/campaigns/c/recipients", JSON, ROUTE_NO_TYPE, NULL, ""},
    {"get", "/healthz", "", ROUTE_NO_METHOD, NULL, ""},
};

START_TEST(request_meets_its_row)
{
    char path[64];
    const struct route *route = NULL;
    struct slice params[2] = {{0}, {0}};
    snprintf(path, sizeof path, "%s", cases[_i].path);
    ck_assert_int_eq(
        route_find(cases[_i].method, path, cases[_i].type, &route, params),
        cases[_i].result);
    if (cases[_i].pattern)
        ck_assert_str_eq(route->path, cases[_i].pattern);
    ck_assert(slice_eq(params[0], slice_str(cases[_i].param)));
}
END_TEST

START_TEST(body_type_chooses_between_one_and_many)
{
    char path[] = "/v1/messages";
    const struct route *route;
    struct slice params[2];
    ck_assert_int_eq(route_find("POST", path, JSON, &route, params),
                     ROUTE_FOUND);
    ck_assert_int_eq(route->body, BODY_JSON);
    ck_assert_int_eq(route_find("POST", path, LINES, &route, params),
                     ROUTE_FOUND);
    ck_assert_int_eq(route->body, BODY_LINES);
}
END_TEST

START_TEST(methods_of_a_path_are_listed_once)
{
    char allow[64];
    route_methods("/v1/messages", allow, sizeof allow);
    ck_assert_str_eq(allow, "POST, GET, HEAD");
    route_methods("/nothing", allow, sizeof allow);
    ck_assert_str_eq(allow, "");
}
END_TEST

/* A row that another hides would never be called. */
START_TEST(every_row_is_met_by_its_own_path)
{
    const struct route *row = &routes[_i], *met = NULL;
    struct slice params[2];
    char path[128];
    size_t n = 0;
    for (const char *p = row->path; *p; p++) {
        if (*p == '{') {
            path[n++] = 'x';
            p = strchr(p, '}');
            continue;
        }
        path[n++] = *p;
    }
    path[n] = 0;
    const char *type = row->body == BODY_LINES ? LINES : "";
    ck_assert_int_eq(route_find(row->method, path, type, &met, params),
                     ROUTE_FOUND);
    ck_assert_ptr_eq(met, row);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("routes");
    tcase_add_loop_test(t, request_meets_its_row, 0,
                        sizeof cases / sizeof cases[0]);
    tcase_add_test(t, body_type_chooses_between_one_and_many);
    tcase_add_test(t, methods_of_a_path_are_listed_once);
    tcase_add_loop_test(t, every_row_is_met_by_its_own_path, 0,
                        (int)route_count);
    return run_suite("door_routes", t);
}
