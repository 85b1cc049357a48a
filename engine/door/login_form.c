/*
 * login_form.c - members of a login, by name and type.
 *
 * Promise: as in login_form.h. What is not said is not marked in `says`.
 */
#include "engine/door/login_form.h"

static const char *const excess_words[] = {"queue", "throttle", NULL};
static const char *const receipt_words[] = {"deliver_sm", "data_sm", NULL};
static const char *const uncertain_words[] = {"hold", "resend", NULL};
static const char *const class_words[] = {"critical", "transactional",
                                          "conversational", "marketing", NULL};

static bool
says(const struct form *f, const char *name)
{
    const json_t *v = json_object_get(f->object, name);
    return v && !json_is_null(v);
}

static unsigned
mark(const struct form *f, const char *name, unsigned bit)
{
    return says(f, name) ? bit : 0;
}

static unsigned
read_list(struct form *f, const char *name, struct slice *room)
{
    json_t *list = form_array(f, name, LOGIN_LIST_MAX);
    unsigned n = 0;
    for (size_t i = 0; i < json_array_size(list) && n < LOGIN_LIST_MAX; i++) {
        json_t *v = json_array_get(list, i);
        if (json_is_string(v))
            room[n++] = slice_of(json_string_value(v), json_string_length(v));
        else
            problem_add(f->problem, f->base, "wrong_type",
                        "A list of strings is read here.");
    }
    return n;
}

static struct slice
read_word(struct form *f, const char *name, const char *const *words)
{
    int i = form_word(f, name, words);
    return i < 0 ? (struct slice){0} : slice_str(words[i]);
}

static void
read_numbers(struct form *f, struct login_wish *w)
{
    w->max_binds = (unsigned)form_number(f, "max_binds", 1, 1000, 0);
    w->window = (unsigned)form_number(f, "window", 1, 10000, 0);
    w->rate = (unsigned)form_number(f, "rate", 0, 1000000, 0);
    w->burst = (unsigned)form_number(f, "burst", 0, 1000000, 0);
    w->enquire_ms = form_span(f, "enquire", 86400) * 1000;
    w->idle_ms = form_span(f, "idle", 86400) * 1000;
    w->tls_required = form_bool(f, "tls_required", false);
    w->disabled = form_bool(f, "disabled", false);
}

void
login_form_read(struct form *f, bool new, struct login_form *out,
                struct slice *password)
{
    static const struct {
        const char *name;
        unsigned bit;
    } rows[] = {
        {"max_binds", LOGIN_MAX_BINDS},
        {"window", LOGIN_WINDOW},
        {"rate", LOGIN_RATE},
        {"burst", LOGIN_BURST},
        {"on_excess", LOGIN_ON_EXCESS},
        {"allow_ips", LOGIN_ALLOW_IPS},
        {"sources", LOGIN_SOURCES},
        {"tls_required", LOGIN_TLS_REQUIRED},
        {"certificate", LOGIN_CERTIFICATE},
        {"enquire", LOGIN_ENQUIRE},
        {"idle", LOGIN_IDLE},
        {"receipts", LOGIN_RECEIPTS},
        {"outbind", LOGIN_OUTBIND},
        {"disabled", LOGIN_DISABLED},
        {"class", LOGIN_CLASS},
        {"on_uncertain", LOGIN_UNCERTAIN},
    };
    *out = (struct login_form){0};
    struct login_wish *w = &out->wish;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        w->says |= mark(f, rows[i].name, rows[i].bit);
    /* SMPP 3.4, 4.1.1: 15 characters and a NUL. The standard's 8 characters
     * of a password are too few today; clients that can send more may. */
    w->system_id = new ? form_need_text(f, "system_id", 15)
                       : form_text(f, "system_id", 15);
    *password = new ? form_need_text(f, "password", KEEPER_PASSWORD_MAX)
                    : form_text(f, "password", KEEPER_PASSWORD_MAX);
    read_numbers(f, w);
    w->on_excess = read_word(f, "on_excess", excess_words);
    w->receipts = read_word(f, "receipts", receipt_words);
    w->on_uncertain = read_word(f, "on_uncertain", uncertain_words);
    w->class = (enum message_class)(form_word(f, "class", class_words) + 1);
    w->certificate = form_text(f, "certificate", 127);
    w->outbind = form_text(f, "outbind", 79);
    w->allow_ips = read_list(f, "allow_ips", out->allow_ip);
    w->sources = read_list(f, "sources", out->source);
    w->allow_ip = out->allow_ip;
    w->source = out->source;
}

bool
login_form_hash(struct login_form *l, struct slice password)
{
    if (password.n == 0)
        return true;
    if (!keeper_hash(password, l->hash))
        return false;
    l->wish.hash = slice_str(l->hash);
    return true;
}

void
login_forms_take(struct request *r, struct login_forms *all, struct form *f,
                 bool new)
{
    struct slice password;
    struct login_form *x = &all->form[all->count];
    if (all->count == LOGIN_FORMS_MAX)
        return;
    login_form_read(f, new, x, &password);
    if (r->problem.errors == 0 && !login_form_hash(x, password))
        problem_set(&r->problem, "unavailable", "Out of memory.");
    all->wish[all->count++] = x->wish;
}
