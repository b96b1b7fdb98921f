package dev.reservoir.heads;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Name of a head: {@code tenants/{tenant}/heads/{head}}. */
public record HeadName(String tenant, String head) implements Comparable<HeadName> {
    private static final String ID = "[a-z][a-z0-9-]{0,62}";
    private static final Pattern ID_PATTERN = Pattern.compile(ID);
    private static final Pattern NAME = Pattern.compile("tenants/(" + ID + ")/heads/(" + ID + ")");
    private static final Pattern PARENT = Pattern.compile("tenants/(" + ID + ")");

    public HeadName {
        checkId("tenant", tenant);
        checkId("head_id", head);
    }

    /** Parses a whole name, or refuses with {@link Reason#INVALID_FIELD}. */
    public static HeadName parse(String name) {
        Matcher matcher = NAME.matcher(name);
        if (!matcher.matches()) {
            throw malformed("name", name, "tenants/{tenant}/heads/{head}");
        }
        return new HeadName(matcher.group(1), matcher.group(2));
    }

    /** Parses {@code tenants/{tenant}} into the tenant's id, or refuses with {@link Reason#INVALID_FIELD}. */
    public static String parseParent(String parent) {
        Matcher matcher = PARENT.matcher(parent);
        if (!matcher.matches()) {
            throw malformed("parent", parent, "tenants/{tenant}");
        }
        return matcher.group(1);
    }

    private static void checkId(String field, String id) {
        if (!ID_PATTERN.matcher(id).matches()) {
            throw malformed(field, id, "1 to 63 characters of a-z, 0-9 and -, a letter first");
        }
    }

    private static Refused malformed(String field, String value, String expected) {
        String shown = value.length() > 160 ? value.substring(0, 160) + "..." : value;
        return new Refused(
                Reason.INVALID_FIELD,
                field + ": \"" + shown + "\" (expected: " + expected + ")",
                Map.of("field", field));
    }

    @Override
    public int compareTo(HeadName other) {
        int byTenant = tenant.compareTo(other.tenant);
        return byTenant != 0 ? byTenant : head.compareTo(other.head);
    }

    @Override
    public String toString() {
        return "tenants/" + tenant + "/heads/" + head;
    }
}
