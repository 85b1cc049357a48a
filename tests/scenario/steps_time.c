/*
 * steps_time.c - time, kills, checkpoints, a full disk.
 *
 *   wait DURATION      millisecond by millisecond
 *   jump DURATION      at once
 *   kill [unsaved] [for DURATION]      unsaved: a turn's facts reach no disk
 *   checkpoint
 *   disk full|free
 *   reload [without-last-carrier]      as after SIGHUP
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/scenario/script.h"
#include "tests/scenario/world.h"

static void
on_wait(const struct step *s)
{
    world_wait(step_duration(step_word(s, 1)));
}

static void
on_jump(const struct step *s)
{
    world_jump(step_duration(step_word(s, 1)));
}

static void
on_kill(const struct step *s)
{
    if (step_value(s, "for"))
        world_kill_for(step_has(s, "unsaved"),
                       (unsigned)step_duration(step_value(s, "for")));
    else
        world_kill(step_has(s, "unsaved"));
}

static void
on_checkpoint(const struct step *s)
{
    (void)s;
    world_checkpoint();
}

static void
on_disk(const struct step *s)
{
    world_set_disk_full(strcmp(step_word(s, 1), "full") == 0);
}

static void
on_reload(const struct step *s)
{
    static struct flow_settings next;
    if (step_has(s, "without-last-carrier"))
        world.settings.carriers_n--;
    next = world.settings;
    next.clients = NULL; /* listeners are of the start */
    flow_reload(world.flow, &next);
    world_settle();
}

const struct step_row steps_time[] = {
    {"wait", on_wait}, {"jump", on_jump},
    {"kill", on_kill}, {"checkpoint", on_checkpoint},
    {"disk", on_disk}, {"reload", on_reload},
    {NULL, NULL},
};
