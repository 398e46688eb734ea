#include "policy.h"
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\n";

static _Noreturn void mistake(const struct rule *rule, const char *what) {
    errx(1, "line %d: %s", rule->line, what);
}

static void read_error(struct rule *rule, char *text) {
    char *rest;
    char *verb = strtok_r(text, blanks, &rest);
    char *name = verb ? strtok_r(NULL, blanks, &rest) : NULL;
    if (!name || strcmp(verb, "return") != 0 || strtok_r(NULL, blanks, &rest))
        mistake(rule, "expected `return ERROR`");
    rule->error = constants_error(name);
    if (rule->error == 0)
        mistake(rule, "this error is not known");
}

/* `~(A|B)`, in place. */
static char *open_brackets(const struct rule *rule, char *text) {
    size_t length = strlen(text);
    if (length < 4 || strncmp(text, "~(", 2) != 0 || text[length - 1] != ')')
        mistake(rule, "expected ~(BIT|BIT)");
    text[length - 1] = '\0';
    return text + 2;
}

static bool read_value(const struct rule *rule, struct condition *condition, const char *relation,
                       char *value) {
    if (strcmp(relation, "is") == 0) {
        condition->test = IS;
        return constants_read_set(value, &condition->value);
    }
    condition->test = strcmp(relation, "in") == 0 ? LACKS : DIFFERS;
    if (condition->test == DIFFERS && strcmp(relation, "!=") != 0)
        mistake(rule, "expected !=, in or is");
    return constants_read(condition->test == LACKS ? open_brackets(rule, value) : value,
                          &condition->value);
}

/* The three words of one condition: argN, relation, value. */
static void read_condition(struct rule *rule, char *subject, char **rest) {
    char *relation = strtok_r(NULL, blanks, rest), *value = strtok_r(NULL, blanks, rest);
    if (rule->condition_count == CONDITIONS_MAX || !relation || !value)
        mistake(rule, "too many conditions, or half a one");
    struct condition *condition = &rule->conditions[rule->condition_count++];
    char end;
    if (sscanf(subject, "arg%u%c", &condition->argument, &end) != 1 || condition->argument > 5)
        mistake(rule, "expected arg0 to arg5");
    if (!read_value(rule, condition, relation, value))
        mistake(rule, "this constant is not known");
}

static void read_conditions(struct rule *rule, char *text) {
    char *rest;
    const char *joint = NULL;
    for (char *word = strtok_r(text, blanks, &rest); word; word = strtok_r(NULL, blanks, &rest)) {
        read_condition(rule, word, &rest);
        char *next = strtok_r(NULL, blanks, &rest);
        if (!next)
            return;
        if ((strcmp(next, "&&") != 0 && strcmp(next, "||") != 0) ||
            (joint && strcmp(joint, next) != 0))
            mistake(rule, "expected && everywhere, or || everywhere");
        joint = next;
        rule->any = joint[0] == '|';
    }
    mistake(rule, "a condition is missing");
}

/* What follows the colon. */
static void read_verdict(struct rule *rule, char *text) {
    char *semicolon = strchr(text, ';');
    text += strspn(text, blanks);
    if (semicolon) {
        *semicolon = '\0';
        read_error(rule, semicolon + 1);
        read_conditions(rule, text);
    } else if (strcspn(text, blanks) != 5 || strncmp(text, "allow", 5) != 0) {
        read_error(rule, text);
    }
}

static void add(struct policy *policy, const struct rule *rule) {
    for (size_t i = 0; i < policy->count; i++)
        if (strcmp(policy->rules[i].call, rule->call) == 0)
            mistake(rule, "a call is named twice");
    policy->rules = reallocarray(policy->rules, policy->count + 1, sizeof *policy->rules);
    if (!policy->rules)
        err(1, "memory");
    policy->rules[policy->count++] = *rule;
}

static void read_line(struct policy *policy, char *text, int line) {
    struct rule rule = {.line = line};
    char *rest;
    if (text[0] == '#' || text[strspn(text, blanks)] == '\0')
        return;
    char *colon = strchr(text, ':');
    if (!colon)
        mistake(&rule, "expected `CALL: …`");
    *colon = '\0';
    read_verdict(&rule, colon + 1);
    for (char *call = strtok_r(text, "{}, ", &rest); call; call = strtok_r(NULL, "{}, ", &rest)) {
        if (strlen(call) >= sizeof rule.call)
            mistake(&rule, "this name is too long");
        strcpy(rule.call, call);
        add(policy, &rule);
    }
}

struct policy policy_read(const char *path) {
    struct policy policy = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "re");
    if (!file)
        err(1, "%s", path);
    for (int line = 1; getline(&text, &size, file) > 0; line++)
        read_line(&policy, text, line);
    free(text);
    fclose(file);
    return policy;
}
